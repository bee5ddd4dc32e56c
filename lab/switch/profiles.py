"""How much the demo's servers move: by hour and weekday, growing over the year, each in its own way."""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import dataclass

SLOT_S = 300
SLOTS = 288
UNIT = 1_024
"""Factors are integers of this unit."""
_NOISES = 4_096


@dataclass(frozen=True)
class Profile:
    """One server's habits. Bytes a slot at a factor of 1; factors by slot of the day."""

    received: int
    sent: int
    hours: tuple[int, ...]
    weekend: int
    burst: tuple[int, int] | None
    """Slots of the day [from, to) in which a backup comes in at ten times the usual."""
    seed: int


def profile_of(number: int) -> Profile:
    """What the server of this number is busy with."""
    dice = random.Random(f"traffic {number}")
    kind = dice.choice(("web", "web", "web", "database", "backup", "builds"))
    mbps = {"web": (3, 42), "database": (9, 14), "backup": (22, 2), "builds": (18, 6)}[kind]
    scale = dice.uniform(0.35, 1.9)
    received, sent = (int(rate * scale * 1_000_000 / 8 * SLOT_S) for rate in mbps)
    peak = dice.uniform(12, 19)
    depth = {"web": 0.75, "database": 0.55, "backup": 0.15, "builds": 0.85}[kind]
    hours = tuple(
        int(UNIT * (1 - depth * (0.5 - 0.5 * math.cos((slot / 12 - peak) / 24 * 2 * math.pi))))
        for slot in range(SLOTS)
    )
    begin = dice.randrange(8, 40)
    burst = (begin, begin + dice.randrange(6, 22)) if kind == "backup" else None
    weekend = int(UNIT * {"web": 0.8, "database": 0.7, "backup": 1.0, "builds": 0.25}[kind])
    return Profile(received, sent, hours, weekend, burst, number)


def noise() -> list[int]:
    """Factors around UNIT, now and then a peak; the same at every start."""
    dice = random.Random("noise")
    return [
        int(UNIT * (dice.gauss(1, 0.09) if dice.random() > 0.006 else dice.uniform(1.6, 2.8)))
        for _ in range(_NOISES + SLOTS)
    ]


def outage_of(profile: Profile, on: dt.date) -> slice:
    """Slots of a day in which nobody counted; mostly none. The truth of a year has such days."""
    dice = random.Random(f"outage {profile.seed} {on}")
    if dice.random() > 0.015:
        return slice(0, 0)
    begin = dice.randrange(SLOTS - 40)
    return slice(begin, begin + dice.randrange(3, 40))


def day_of(profile: Profile, on: dt.date, today: dt.date, noises: list[int]) -> tuple[list[int], list[int]]:
    """Bytes received and sent in the 288 slots of a UTC day."""
    growth = UNIT - min(UNIT // 2, (today - on).days * UNIT // 900)
    weekday = profile.weekend if on.weekday() > 4 else UNIT
    level = growth * weekday // UNIT
    dice = random.Random(profile.seed * 100_003 + on.toordinal())
    at, other = dice.randrange(_NOISES), dice.randrange(_NOISES)
    unit = UNIT**3
    received = [
        profile.received * level * hour * factor // unit
        for hour, factor in zip(profile.hours, noises[at : at + SLOTS], strict=True)
    ]
    sent = [
        profile.sent * level * hour * factor // unit
        for hour, factor in zip(profile.hours, noises[other : other + SLOTS], strict=True)
    ]
    if profile.burst:
        for slot in range(*profile.burst):
            received[slot] *= 10
    return received, sent
