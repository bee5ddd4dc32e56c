"""Which switches are due, and what is on record about their ports. What is due is decided here, not by a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import defer
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic.baselines import first_in_baseline
from opsportal.domain.traffic.counters import Counters, is_continuous
from opsportal.domain.traffic.recording import PolledPort
from opsportal.domain.traffic.slots import from_ms, to_ms
from opsportal.models import Switch, SwitchPoll

DISCOVERED_EVERY = dt.timedelta(hours=24)


class DueSwitch(NamedTuple):
    """A switch whose time has come, and how polling of it stands."""

    switch: Switch
    is_failing: bool
    must_discover: bool


def claim_due(unit: Unit, *, now: dt.datetime, every_s: int) -> list[DueSwitch]:
    """Take the switches whose time has come; their next time is the next mark of the clock.

    Marks divide the hour, so that samples end close to the edges of billing slots. Of two rounds at once
    each switch belongs to one.
    """
    query = (
        select(Switch, SwitchPoll)
        .join(SwitchPoll, col(SwitchPoll.switch_id) == col(Switch.id))
        .options(defer(SwitchPoll.baseline))  # type: ignore[arg-type]
        .where(Switch.is_polled, col(SwitchPoll.due_at) <= now)
        .order_by(col(Switch.id))
        .with_for_update(of=SwitchPoll, skip_locked=True)
    )
    due = unit.exec(query).all()
    following = from_ms((to_ms(now) // (every_s * 1_000) + 1) * every_s * 1_000)
    unit.execute(
        sa.update(SwitchPoll)
        .where(col(SwitchPoll.switch_id).in_([poll.switch_id for _, poll in due]))
        .values(due_at=following, last_attempt_at=now),
        execution_options={"synchronize_session": False},
    )
    oldest = now - DISCOVERED_EVERY
    return [
        DueSwitch(
            switch, poll.error_code is not None, poll.discovered_at is None or poll.discovered_at < oldest
        )
        for switch, poll in due
    ]


class Place(NamedTuple):
    """Where a switch was asked."""

    host: str
    port: int


def lock_where_asked(unit: Unit, asked: Mapping[int, Place]) -> set[int]:
    """Which of these switches are still on record where they were asked: what another one has said is none of theirs.

    How polling of them stands is locked first, as a correction of the record does. So one that came before is seen
    here, and one that comes later waits, and begins counting anew.
    """
    lock = sa.text("SELECT FROM switch_poll WHERE switch_id = ANY(:ids) ORDER BY switch_id FOR UPDATE")
    unit.execute(lock, {"ids": sorted(asked)})
    known = sa.select(Switch.id, Switch.host, Switch.port).where(col(Switch.id).in_(asked))  # type: ignore[call-overload]
    return {key for key, host, port in unit.execute(known) if asked[key] == (host, port)}


class LastPoll(NamedTuple):
    """What an answer is compared with before it is believed."""

    table_changed_cs: int | None
    counters: Counters | None


def read_last_polls(unit: Unit, switch_ids: Sequence[int]) -> dict[int, LastPoll]:
    """How polling of these switches stands, by switch."""
    query = sa.select(SwitchPoll.switch_id, SwitchPoll.table_changed_cs, SwitchPoll.baseline).where(  # type: ignore[call-overload]
        col(SwitchPoll.switch_id).in_(switch_ids)
    )
    return {key: LastPoll(changed, first_in_baseline(stored)) for key, changed, stored in unit.execute(query)}


def list_ports(unit: Unit, switch_ids: Sequence[int]) -> dict[int, list[PolledPort]]:
    """The ports that these switches have, with whom they serve now, by switch.

    One row a switch: thousands of rows would take longer than asking the switches does.
    """
    rows = unit.execute(
        sa.text(
            "SELECT p.switch_id, array_agg(p.id), array_agg(p.if_index), array_agg(p.counter_bits),"
            " array_agg(p.speed_mbps), array_agg(p.is_up), array_agg(l.server_id), array_agg(v.company_id)"
            " FROM switch_port p LEFT JOIN port_link l ON l.port_id = p.id AND l.valid_until IS NULL"
            " LEFT JOIN server s ON s.id = l.server_id LEFT JOIN service v ON v.id = s.service_id"
            " WHERE p.switch_id = ANY(:switches) AND p.if_index IS NOT NULL GROUP BY p.switch_id"
        ),
        {"switches": list(switch_ids)},
    )
    found = {switch_id: list(map(PolledPort, *columns)) for switch_id, *columns in rows}
    return {switch_id: found.get(switch_id, []) for switch_id in switch_ids}


def must_look_again(
    last: LastPoll, *, table_changed_cs: int | None, missing: Sequence[int], at_ms: int, uptime_cs: int
) -> bool:
    """Whether an answer may speak of moved ports: its ifIndexes have to be looked up, and it asked again.

    So after a reboot, when ifTableLastChange is another, and when an instance is missing. One port's
    discontinuity is its own affair; only the switch's clock tells of a reboot.
    """
    if missing or table_changed_cs != last.table_changed_cs:
        return True
    if last.counters is None or at_ms <= last.counters.at_ms:
        return False
    return not is_continuous(last.counters, Counters(at_ms, uptime_cs, 0, 0, None))
