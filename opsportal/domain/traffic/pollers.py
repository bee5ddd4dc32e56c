"""The state of polling, for those who run the data centre."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic.figures import PollerRow
from opsportal.models import Switch, SwitchGap, SwitchPoll, SwitchPort
from opsportal.models.base import utcnow

LOOKED_BACK = dt.timedelta(hours=24)


def list_pollers(actor: Actor, unit: Unit) -> list[PollerRow]:
    """Every switch that is polled: failing ones first, then by name."""
    actor.require(Permission.POLLERS_VIEW)
    now = utcnow()
    ports = _count_ports(unit)
    gaps = _sum_gaps(unit, now)
    query = (
        select(Switch, SwitchPoll)
        .join(SwitchPoll, col(SwitchPoll.switch_id) == col(Switch.id))
        .where(Switch.is_polled)
        .order_by(col(SwitchPoll.error_code).is_(None), col(Switch.name))
    )
    return [_row(switch, poll, ports, gaps) for switch, poll in unit.exec(query)]


def _row(
    switch: Switch, poll: SwitchPoll, ports: dict[int, tuple[int, int]], gaps: dict[int, tuple[int, int]]
) -> PollerRow:
    present, missing = ports.get(poll.switch_id, (0, 0))
    count, seconds = gaps.get(poll.switch_id, (0, 0))
    return PollerRow(
        switch_id=poll.switch_id,
        name=switch.name,
        site=switch.site,
        host=switch.host,
        ports=present,
        missing_ports=missing,
        last_sample_at=poll.last_sample_at,
        last_attempt_at=poll.last_attempt_at,
        due_at=poll.due_at,
        poll_ms=poll.poll_ms,
        error_code=poll.error_code,
        failed_since=poll.failed_since,
        gaps=count,
        gap_s=seconds,
    )


def _count_ports(unit: Unit) -> dict[int, tuple[int, int]]:
    query = select(SwitchPort.switch_id, func.count(col(SwitchPort.if_index)), func.count()).group_by(
        col(SwitchPort.switch_id)
    )
    return {switch: (present, total - present) for switch, present, total in unit.exec(query)}


def _sum_gaps(unit: Unit, now: dt.datetime) -> dict[int, tuple[int, int]]:
    query = select(SwitchGap).where(
        col(SwitchGap.ended_at).is_(None) | (col(SwitchGap.ended_at) > now - LOOKED_BACK)
    )
    found: dict[int, tuple[int, int]] = {}
    for gap in unit.exec(query):
        count, seconds = found.get(gap.switch_id, (0, 0))
        lasted = (gap.ended_at or now) - max(gap.started_at, now - LOOKED_BACK)
        found[gap.switch_id] = count + 1, seconds + max(0, int(lasted.total_seconds()))
    return found
