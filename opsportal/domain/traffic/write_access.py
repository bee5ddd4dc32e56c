"""What may set a switch's ports: a community or an SNMPv3 user. Sealed, and never shown again."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts import elevation
from opsportal.domain.audit import trail
from opsportal.domain.refusals import NotFound
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.snmp_access import SnmpAccess, columns_of
from opsportal.models import Switch


def kind_of(switch: Switch) -> str:
    """What is on record: "", "community" or "user"."""
    return "user" if switch.write_username else "community" if switch.write_community else ""


def set_write_access(unit: Unit, actor: Actor, switch_id: int, new: SnmpAccess) -> None:
    """Keep what may set this switch's ports, in place of what was there. Needs a raised session.

    Raises `CommunityUnusable` or `SnmpUserUnusable`; whether the switch agrees says *ask it now*.
    """
    switch = access_switch_for(actor, unit, switch_id)
    elevation.require(unit, actor)
    for name, value in columns_of(new).items():
        setattr(switch, f"write_{name}", value)
    _kept(unit, actor, switch, "switch:write_access_set")


def take_write_access_away(unit: Unit, actor: Actor, switch_id: int) -> None:
    """Never write to this switch again until somebody enters credentials anew."""
    remove(unit, actor, access_switch_for(actor, unit, switch_id))


def remove(unit: Unit, actor: Actor, switch: Switch) -> None:
    """The same for who is authorised already and holds the switch."""
    if not kind_of(switch):
        return
    switch.write_community = switch.write_auth_password = switch.write_priv_password = None
    switch.write_username = switch.write_auth_protocol = switch.write_priv_protocol = None
    _kept(unit, actor, switch, "switch:write_access_removed")


def access_switch_for(actor: Actor, unit: Unit, switch_id: int) -> Switch:
    """A switch to change, locked, for those who run the data centre."""
    actor.require(Permission.FLEET_MANAGE)
    switch = unit.get(Switch, switch_id, with_for_update={"key_share": True}, populate_existing=True)
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
