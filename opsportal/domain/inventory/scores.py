"""Confidence for servers on record: what is known of each, and when it was last seen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from opsportal.db import Unit
from opsportal.domain.inventory import cleanings, parts
from opsportal.domain.inventory.confidence import Confidence, confidence
from opsportal.models import Server


def scores_of(unit: Unit, servers: Sequence[Server], *, now: dt.datetime) -> dict[int, Confidence]:
    """The confidence in each of these servers, in two queries; the caller has authorised access to them."""
    numbers = [server.id for server in servers if server.id is not None]
    inspections = parts.newest_inspections(unit, numbers)
    cleaned = cleanings.cleaned_at(unit, numbers)
    found = {}
    for server in servers:
        assert server.id is not None
        seen = inspections.get(server.id)
        found[server.id] = confidence(
            inspected_at=seen.at if seen else None,
            power_verified_at=server.power_verified_at,
            cleaned_at=cleaned.get(server.id),
            differences=len(seen.differences) if seen else None,
            now=now,
        )
    return found
