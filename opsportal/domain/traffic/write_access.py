"""What may set ports of a switch: a write community or an SNMPv3 user. Sealed, and never shown again."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.refusals import CommunityUnusable, SnmpUserUnusable
from opsportal.domain.vault import seal
from opsportal.models import Switch

AUTH_PROTOCOLS = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")
PRIV_PROTOCOLS = ("aes128", "aes192", "aes256", "des")
SHORTEST_PASSWORD = 8
"""RFC 3414, 11.2."""


@dataclass(frozen=True, slots=True)
class WriteAccess:
    """What a person has typed: a community, or a user when there is a user name. Never prints secrets."""

    community: str = field(default="", repr=False)
    username: str = ""
    auth_protocol: str = ""
    auth_password: str = field(default="", repr=False)
    priv_protocol: str = ""
    priv_password: str = field(default="", repr=False)


def kind_of(switch: Switch) -> str:
    """What is on record: "", "community" or "user"."""
    return "user" if switch.write_username else "community" if switch.write_community else ""


def set_write_access(unit: Unit, actor: Actor, switch_id: int, new: WriteAccess) -> None:
    """Keep what may set this switch's ports, in place of what was there. Raises `CommunityUnusable` or
    `SnmpUserUnusable`; whether the switch agrees shows when a port is set."""
    switch = _locked(unit, actor, switch_id)
    if new.username:
        _check_user(new)
    elif not new.community or len(new.community) > 64 or new.community != new.community.strip():
        raise CommunityUnusable
    is_user = bool(new.username)
    switch.write_community = None if is_user else seal(new.community)
    switch.write_username = new.username or None
    switch.write_auth_protocol = new.auth_protocol if is_user else None
    switch.write_auth_password = seal(new.auth_password) if is_user else None
    switch.write_priv_protocol = (new.priv_protocol or None) if is_user else None
    switch.write_priv_password = seal(new.priv_password) if is_user and new.priv_protocol else None
    _kept(unit, actor, switch, "switch:write_access_set")


def _check_user(new: WriteAccess) -> None:
    is_private = new.priv_protocol != ""
    if (
        new.username != new.username.strip()
        or len(new.username) > 32  # RFC 3414, 5: usmUserName
        or new.auth_protocol not in AUTH_PROTOCOLS
        or len(new.auth_password) < SHORTEST_PASSWORD
        or (is_private and new.priv_protocol not in PRIV_PROTOCOLS)
        or (is_private and len(new.priv_password) < SHORTEST_PASSWORD)
    ):
        raise SnmpUserUnusable


def take_write_access_away(unit: Unit, actor: Actor, switch_id: int) -> None:
    """Never write to this switch again until somebody enters credentials anew."""
    switch = _locked(unit, actor, switch_id)
    if not kind_of(switch):
        return
    switch.write_community = switch.write_auth_password = switch.write_priv_password = None
    switch.write_username = switch.write_auth_protocol = switch.write_priv_protocol = None
    _kept(unit, actor, switch, "switch:write_access_removed")


def _locked(unit: Unit, actor: Actor, switch_id: int) -> Switch:
    actor.require(Permission.FLEET_MANAGE)
    switch = unit.get(Switch, switch_id, with_for_update=True, populate_existing=True)
    if switch is None:
        raise NotFound
    return switch


def _kept(unit: Unit, actor: Actor, switch: Switch, tag: str) -> None:
    unit.add(switch)
    unit.flush()
    trail.record(
        unit, tag, actor=actor, object_kind="switch", object_id=switch.id, object_name=switch.name,
        kind=kind_of(switch),
    )  # fmt: skip
    unit.changed(topics.POLLERS)
