"""What goes wrong, and when: by chance from a seed, or as a script says."""

from __future__ import annotations

import fnmatch
import random
from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Trouble(StrEnum):
    """What may happen to one call of the API."""

    NONE = "none"
    DROP_BEFORE = "drop_before"
    """The connection ends, and the gateway never heard of the call."""
    DROP_AFTER = "drop_after"
    """The gateway has done it, and the reply is lost."""
    ERROR = "error"
    """500 without effect."""
    ERROR_AFTER = "error_after"
    """500 although it was done."""
    BUSY = "busy"
    """429 without effect."""


@dataclass(frozen=True)
class Chances:
    """How likely each trouble is (0 to 1), and how long delays are at most (s)."""

    drop_before: float = 0.0
    drop_after: float = 0.0
    error: float = 0.0
    error_after: float = 0.0
    busy: float = 0.0
    delay: float = 0.0
    delay_s: float = 0.2
    duplicate: float = 0.0
    late: float = 0.0
    """A webhook that comes up to `late_s` after others: so they also come in another order."""
    late_s: float = 1.0
    lose: float = 0.0
    """A webhook that never comes."""
    early: float = 0.0
    """A webhook that comes before the reply to the call that caused it."""
    forge: float = 0.0
    """Beside a webhook, others that nobody has signed with our secret."""

    @classmethod
    def read(cls, given: dict[str, Any]) -> Chances:
        """Chances from JSON. Raises ValueError for anything but known names and numbers."""
        known = {field.name for field in fields(cls)}
        if not set(given) <= known or not all(isinstance(v, int | float) and v >= 0 for v in given.values()):
            raise ValueError(f"known are: {', '.join(sorted(known))}")
        return cls(**{name: float(value) for name, value in given.items()})


@dataclass
class Script:
    """A trouble for the next `times` calls whose `METHOD /path` matches."""

    match: str
    trouble: Trouble
    times: int = 1


@dataclass
class Faults:
    """All that is wrong at the moment. Decisions follow from seed, subject and how often it was seen."""

    seed: int = 0
    chances: Chances = field(default_factory=Chances)
    scripts: list[Script] = field(default_factory=list)
    is_down: bool = False
    seen: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)

    def forget(self) -> None:
        """Back to a world without trouble."""
        self.chances, self.scripts, self.is_down = Chances(), [], False
        self.seen.clear()
        self.done.clear()

    def dice(self, subject: str) -> random.Random:
        """The same throws for the same seed, subject and repetition, whatever else happens meanwhile."""
        self.seen[subject] += 1
        return random.Random(f"{self.seed}|{subject}|{self.seen[subject]}")

    def for_call(self, call: str, subject: str) -> tuple[Trouble, float]:
        """What happens to a call (`POST /v1/payment_intents`), and how long it is held up before."""
        dice = self.dice(subject)
        trouble = self._scripted(call)
        if trouble is None:
            trouble = self._by_chance(dice.random())
        chances = self.chances
        delay = dice.random() * chances.delay_s if dice.random() < chances.delay else 0.0
        if trouble is not Trouble.NONE:
            self.done[trouble] += 1
        if delay:
            self.done["delay"] += 1
        return trouble, delay

    def _scripted(self, call: str) -> Trouble | None:
        if self.is_down:
            return Trouble.DROP_BEFORE
        for script in self.scripts:
            if script.times > 0 and fnmatch.fnmatchcase(call, script.match):
                script.times -= 1
                return script.trouble
        return None

    def _by_chance(self, thrown: float) -> Trouble:
        for trouble in Trouble:
            if trouble is Trouble.NONE:
                continue
            chance = getattr(self.chances, trouble.value)
            if thrown < chance:
                return trouble
            thrown -= chance
        return Trouble.NONE
