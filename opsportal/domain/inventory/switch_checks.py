"""Asking a switch at once, because a person wants to know whether its record is right. A worker asks it: it is near."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.audit import trail
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.refusals import SwitchOutOfService
from opsportal.domain.traffic.write_access import access_switch_for
from opsportal.models import Switch, SwitchCheck
from opsportal.models.base import utcnow

QUEUE, TASK = "hardware", "switch_check"
ASKING_LIMIT = dt.timedelta(seconds=90)
"""An answer that would come later than that is none to this click any more."""


@dataclass(frozen=True, slots=True)
class Check:
    """What became of the newest question. `status`: "", asking, answered or failed."""

    status: str = ""
    at: dt.datetime | None = None
    error_code: str = ""
    sys_name: str = ""
    ports: int = 0
    write: str = ""


def ask(unit: Unit, actor: Actor, switch_id: int, *, is_new_record: bool = False) -> None:
    """Have a switch asked who it is, which ports it has and whether it lets us set them.

    Once at a time; but a new record is always a new question, and the answer to the former one is dropped.
    """
    switch = access_switch_for(actor, unit, switch_id)
    if not switch.is_polled:
        raise SwitchOutOfService(switch=switch.name)
    row = unit.get(SwitchCheck, switch_id, with_for_update=True, populate_existing=True)
    if row is not None and _is_asking(row) and not is_new_record:
        return
    row = row or SwitchCheck(switch_id=switch_id)
    row.asked_at, row.answered_at = utcnow(), None
    unit.add(row)
    unit.enqueue(QUEUE, TASK, switch_id)
    trail.record(
        unit, "switch:asked", actor=actor, object_kind="switch", object_id=switch_id, object_name=switch.name
    )
    unit.changed(topics.POLLERS)


def _is_asking(row: SwitchCheck) -> bool:
    return row.answered_at is None and row.asked_at > utcnow() - ASKING_LIMIT


def check_of(unit: Unit, switch_id: int) -> Check:
    """How the newest question went; the caller has authorised."""
    row = unit.get(SwitchCheck, switch_id)
    if row is None:
        return Check()
    if _is_asking(row):
        return Check("asking", row.asked_at)
    if row.answered_at is None:
        return Check("failed", row.asked_at, "waited_too_long")
    if row.error_code:
        return Check("failed", row.answered_at, row.error_code)
    return Check("answered", row.answered_at, "", row.sys_name, row.ports, row.write)


def forget(unit: Unit, switch_id: int) -> None:
    """What was asked and said is about a record that is no more; the caller holds the switch."""
    if (row := unit.get(SwitchCheck, switch_id, with_for_update=True)) is not None:
        unit.delete(row)


def wanted(unit: Unit, switch_id: int) -> tuple[Switch, dt.datetime] | None:
    """The switch that a worker should ask now, and when that was asked for; None when nobody waits any more."""
    row = unit.get(SwitchCheck, switch_id)  # first: a record that is newer than its question is asked again
    return (unit.get_one(Switch, switch_id), row.asked_at) if row is not None and _is_asking(row) else None


def is_current(unit: Unit, switch_id: int, asked_at: dt.datetime) -> bool:
    """Whether an answer is one to the question on record; until the unit's end there is no other."""
    unit.get_one(Switch, switch_id, with_for_update={"read": True})  # first, as corrections do
    row = unit.get(SwitchCheck, switch_id, with_for_update=True, populate_existing=True)
    return row is not None and row.asked_at == asked_at


def record(
    unit: Unit, switch_id: int, asked_at: dt.datetime, *,
    error_code: str | None = None, sys_name: str = "", ports: int = 0, write: str = "",
) -> None:  # fmt: skip
    """Keep what the switch has said, or why it gave no answer; nothing when it was asked anew meanwhile."""
    if not is_current(unit, switch_id, asked_at):
        return
    row = unit.get_one(SwitchCheck, switch_id)
    row.answered_at, row.error_code = utcnow(), error_code
    row.sys_name, row.ports, row.write = sys_name, ports, write
    unit.changed(topics.POLLERS)
