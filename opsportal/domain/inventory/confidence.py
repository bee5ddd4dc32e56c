"""How sure one may be of what is on record about a machine, as points that add up to a hundred."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that confidence is made of: full points up to `fresh_s` of age, none from `stale_s` on."""

    name: str
    points: int
    fresh_s: int
    stale_s: int


GROUNDS = (
    Ground("inspection", 40, 30 * DAY_S, 180 * DAY_S),
    Ground("power", 20, 3_600, 7 * DAY_S),
    Ground("cleaning", 30, 90 * DAY_S, 365 * DAY_S),
)
AGREEMENT = 10
"""Points for an inspection that found what is on record."""


@dataclass(frozen=True, slots=True)
class Score:
    """A ground, what it gives of what it could give, and when it was last seen (None: never)."""

    name: str
    points: int
    most: int
    seen_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Confidence:
    """The sum and its parts, in the order of `GROUNDS`."""

    total: int
    parts: tuple[Score, ...]


def confidence(
    *,
    inspected_at: dt.datetime | None,
    power_verified_at: dt.datetime | None,
    cleaned_at: dt.datetime | None,
    differences: int | None,
    now: dt.datetime,
) -> Confidence:
    """Points for each ground by its age, and for an inspection without differences (None: never inspected)."""
    seen = {"inspection": inspected_at, "power": power_verified_at, "cleaning": cleaned_at}
    parts = [_score(ground, seen[ground.name], now) for ground in GROUNDS]
    parts.append(Score("agreement", AGREEMENT if differences == 0 else 0, AGREEMENT, inspected_at))
    return Confidence(sum(part.points for part in parts), tuple(parts))


def _score(ground: Ground, seen_at: dt.datetime | None, now: dt.datetime) -> Score:
    if seen_at is None:
        return Score(ground.name, 0, ground.points)
    age = (now - seen_at).total_seconds()
    left = (ground.stale_s - age) / (ground.stale_s - ground.fresh_s)
    return Score(ground.name, int(ground.points * min(1.0, max(0.0, left))), ground.points, seen_at)
