"""Switches on record: added, corrected, and taken out of service when no cable needs them any more."""

from __future__ import annotations

import dataclasses
import ipaddress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts import elevation
from opsportal.domain.audit import trail
from opsportal.domain.inventory.places import checked_name
from opsportal.domain.inventory.refusals import NameTaken
from opsportal.domain.traffic import inventory, topics, write_access
from opsportal.domain.traffic.baselines import pack_baseline
from opsportal.domain.traffic.refusals import SwitchAddressUnusable, SwitchInUse, SwitchSecretsNeeded
from opsportal.domain.traffic.snmp_access import SECRETS, SnmpAccess, columns_of, reading_access
from opsportal.domain.traffic.write_access import access_switch_for
from opsportal.domain.vault import VaultError
from opsportal.models import PortLink, SnmpVersion, Switch, SwitchPoll, SwitchPort
from opsportal.models.base import utcnow
from opsportal.settings import settings

_OTHER_SWITCH = frozenset({"host", "port"})
"""Who answers there may be another switch: it is not told what may write, and its counters are its own."""


@dataclass(frozen=True, slots=True)
class SwitchRecord:
    """What a person knows about a switch. `access` is what may read it; its secrets are never printed."""

    name: str
    site: str
    host: str
    port: int
    access: SnmpAccess
    """Correcting: empty secrets stand for those on record, as long as they go to the switch on record."""


def add(unit: Unit, actor: Actor, new: SwitchRecord) -> Switch:
    """Put a switch on record. Needs a raised session; raises the refusals of `put_on_record`."""
    actor.require(Permission.FLEET_MANAGE)
    elevation.require(unit, actor)
    switch = put_on_record(unit, new)
    _recorded(unit, actor, "switch:added", switch)
    return switch


def put_on_record(unit: Unit, new: SwitchRecord) -> Switch:
    """The same for who is authorised already, at the machine's own console. The caller tells the audit trail.

    Raises `NameUnusable`, `NameTaken`, `SwitchAddressUnusable`, `CommunityUnusable` or `SnmpUserUnusable`.
    """
    switch = Switch(**_columns(new))
    try:
        with unit.begin_nested():
            return inventory.add_switch(unit, switch)
    except IntegrityError:
        raise NameTaken from None


def correct(unit: Unit, actor: Actor, switch_id: int, new: SwitchRecord) -> list[str]:
    """Record what the switch has now; returns the names of the fields that changed. Needs a raised session.

    Nothing is sent to it; the next poll, or *ask it now*, goes by the new record. At another address or port
    nothing may write until it is entered anew, and counting begins anew.
    """
    switch = access_switch_for(actor, unit, switch_id)
    elevation.require(unit, actor)
    before = _opened(switch)
    access = _filled(switch, new, before)
    columns = _columns(dataclasses.replace(new, access=access))
    changed = sorted(
        name for name, value in columns.items()
        if (getattr(before, name) != getattr(access, name) if name in SECRETS and value else value != getattr(switch, name))
    )  # fmt: skip
    if not changed:
        return []
    poll = unit.get_one(SwitchPoll, switch_id, with_for_update=True, populate_existing=True)
    for name in changed:
        setattr(switch, name, columns[name])
    try:
        with unit.begin_nested():
            unit.add(switch)
    except IntegrityError:
        raise NameTaken from None
    poll.due_at = utcnow()
    _recorded(unit, actor, "switch:record_corrected", switch, fields=changed)
    if not _OTHER_SWITCH.isdisjoint(changed):
        write_access.remove(unit, actor, switch)
        poll.baseline, poll.discovered_at, poll.table_changed_cs = pack_baseline({}), None, None
    return changed


def _columns(new: SwitchRecord) -> dict[str, Any]:
    """Checked, and as the row keeps it."""
    try:
        host = ipaddress.ip_address(new.host.strip())
    except ValueError:
        raise SwitchAddressUnusable from None
    is_permitted = any(host in network for network in settings().switch_networks)
    if not is_permitted or getattr(host, "scope_id", None) or not 1 <= new.port <= 65_535:
        raise SwitchAddressUnusable
    return {
        "name": checked_name(new.name),
        "site": checked_name(new.site),
        "host": str(host),
        "port": new.port,
        "snmp_version": SnmpVersion.V3 if new.access.username else SnmpVersion.V2C,
        **columns_of(new.access),
    }


def _opened(switch: Switch) -> SnmpAccess:
    """What is on record; without secrets when the key that sealed them is lost."""
    try:
        return reading_access(switch)
    except VaultError:
        return SnmpAccess()


def _filled(switch: Switch, new: SwitchRecord, before: SnmpAccess) -> SnmpAccess:
    """Empty secrets filled from the record. Raises `SwitchSecretsNeeded` where they would go to somebody else."""
    access = new.access
    needed = ["auth_password", *(["priv_password"] if access.priv_protocol else [])]
    missing = [name for name in (needed if access.username else ["community"]) if not getattr(access, name)]
    same = ("username", "auth_protocol", "priv_protocol")
    is_same_place = (new.host.strip(), new.port) == (switch.host, switch.port)
    if missing and not (
        is_same_place
        and all(getattr(before, name) == getattr(access, name) for name in same)
        and all(getattr(before, name) for name in missing)
    ):
        raise SwitchSecretsNeeded
    return dataclasses.replace(access, **{name: getattr(before, name) for name in missing})


def take_out_of_service(unit: Unit, actor: Actor, switch_id: int) -> None:
    """Ask it nothing any more. Raises `SwitchInUse` while servers hang on it; what was counted stays."""
    switch = access_switch_for(actor, unit, switch_id)
    used = (
        select(func.count(func.distinct(PortLink.port_id)))
        .join(SwitchPort, col(SwitchPort.id) == col(PortLink.port_id))
        .where(col(SwitchPort.switch_id) == switch_id, col(PortLink.valid_until).is_(None))
    )
    if cables := unit.exec(used).one():
        raise SwitchInUse(n=cables)
    _set_polled(unit, actor, switch, is_polled=False)


def put_back_into_service(unit: Unit, actor: Actor, switch_id: int) -> None:
    """Poll it again, from now on."""
    switch = access_switch_for(actor, unit, switch_id)
    _set_polled(unit, actor, switch, is_polled=True)
    unit.get_one(SwitchPoll, switch_id, with_for_update=True, populate_existing=True).due_at = utcnow()


def _set_polled(unit: Unit, actor: Actor, switch: Switch, *, is_polled: bool) -> None:
    if switch.is_polled == is_polled:
        return
    switch.is_polled = is_polled
    unit.add(switch)
    unit.flush()
    _recorded(
        unit, actor, "switch:put_back_into_service" if is_polled else "switch:taken_out_of_service", switch
    )


def list_out_of_service(actor: Actor, unit: Unit) -> list[Switch]:
    """Switches that are asked nothing any more, by name."""
    actor.require(Permission.POLLERS_VIEW)
    query = select(Switch).where(col(Switch.is_polled).is_(False)).order_by(col(Switch.name))
    return list(unit.exec(query))


def _recorded(unit: Unit, actor: Actor, tag: str, switch: Switch, **data: Any) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="switch", object_id=switch.id, object_name=switch.name, **data
    )
    unit.changed(topics.POLLERS)
