"""Which switches are due, and what is on record about their ports. What is due is decided here, not by a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic.baselines import unpack_baseline
from opsportal.domain.traffic.counters import Counters, is_continuous
from opsportal.domain.traffic.recording import PolledPort
from opsportal.domain.traffic.slots import from_ms, to_ms
from opsportal.models import PortLink, Server, Service, Switch, SwitchPoll, SwitchPort

DISCOVERED_EVERY = dt.timedelta(hours=24)


def claim_due(unit: Unit, *, now: dt.datetime, every_s: int) -> list[tuple[Switch, SwitchPoll]]:
    """Take the switches whose time has come; their next time is the next mark of the clock.

    Marks divide the hour, so that samples end close to the edges of billing slots. Of two rounds at once
    each switch belongs to one.
    """
    query = (
        select(Switch, SwitchPoll)
        .join(SwitchPoll, col(SwitchPoll.switch_id) == col(Switch.id))
        .where(Switch.is_polled, col(SwitchPoll.due_at) <= now)
        .order_by(col(Switch.id))
        .with_for_update(of=SwitchPoll, skip_locked=True)
    )
    due = [(switch, poll) for switch, poll in unit.exec(query)]
    following = from_ms((to_ms(now) // (every_s * 1_000) + 1) * every_s * 1_000)
    for _, poll in due:
        poll.due_at, poll.last_attempt_at = following, now
    return due


def read_polls(unit: Unit, switch_ids: Sequence[int]) -> dict[int, SwitchPoll]:
    """How polling of these switches stands, by switch."""
    query = select(SwitchPoll).where(col(SwitchPoll.switch_id).in_(switch_ids))
    return {poll.switch_id: poll for poll in unit.exec(query)}


def list_ports(unit: Unit, switch_ids: Sequence[int]) -> dict[int, list[PolledPort]]:
    """The ports that these switches have, with whom they serve now, by switch."""
    query = (
        sa.select(
            col(SwitchPort.switch_id),
            col(SwitchPort.id),
            col(SwitchPort.if_index),
            col(SwitchPort.counter_bits),
            col(SwitchPort.speed_mbps),
            col(SwitchPort.is_up),
            col(PortLink.server_id),
            col(Service.company_id),
        )
        .outerjoin(
            PortLink, (col(PortLink.port_id) == col(SwitchPort.id)) & col(PortLink.valid_until).is_(None)
        )
        .outerjoin(Server, col(Server.id) == col(PortLink.server_id))
        .outerjoin(Service, col(Service.id) == col(Server.service_id))
        .where(col(SwitchPort.switch_id).in_(switch_ids), col(SwitchPort.if_index).is_not(None))
        .order_by(col(SwitchPort.switch_id), col(SwitchPort.if_index))
    )
    found: dict[int, list[PolledPort]] = {switch_id: [] for switch_id in switch_ids}
    for switch_id, *port in unit.execute(query):
        found[switch_id].append(PolledPort._make(port))
    return found


def must_discover(poll: SwitchPoll, *, now: dt.datetime) -> bool:
    """Whether the switch's ports have to be looked up before it can be polled."""
    return poll.discovered_at is None or poll.discovered_at < now - DISCOVERED_EVERY


def must_look_again(
    poll: SwitchPoll,
    *,
    table_changed_cs: int | None,
    missing: Sequence[int],
    reading: Counters | None,
    port_id: int,
) -> bool:
    """Whether an answer may speak of moved ports: its ifIndexes have to be looked up, and it asked again.

    So after a reboot, when ifTableLastChange is another, and when an instance is missing.
    """
    if missing or table_changed_cs != poll.table_changed_cs:
        return True
    before = unpack_baseline(poll.baseline).get(port_id) if reading else None
    if reading is None or before is None or reading.at_ms <= before.at_ms:
        return False
    # One port's discontinuity is its own affair; only the switch's clock tells of a reboot.
    return not is_continuous(before._replace(discontinuity_cs=None), reading)
