"""How many errors ports have counted, kept with when that was read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic import topics
from opsportal.models import Switch, SwitchPort


def list_polled(unit: Unit) -> list[Switch]:
    """The switches that are asked."""
    return list(unit.exec(select(Switch).where(Switch.is_polled).order_by(col(Switch.id))))


def record(
    unit: Unit, switch_id: int, counted: Mapping[str, tuple[int | None, int | None]], *, at: dt.datetime
) -> None:
    """Keep what a switch says, by the names of its ports: errors in and out."""
    query = (
        select(SwitchPort)
        .where(col(SwitchPort.switch_id) == switch_id, col(SwitchPort.if_name).in_(list(counted)))
        .order_by(col(SwitchPort.id))
        .with_for_update()
    )
    for port in unit.exec(query):
        port.in_errors, port.out_errors = counted[port.if_name]
        port.errors_at = at
        unit.add(port)
    unit.changed(topics.POLLERS)
