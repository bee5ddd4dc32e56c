"""The identify light, by which somebody in the aisle finds the machine, as a capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

MAX_IDENTIFY_S = 255


@runtime_checkable
class Identify(Protocol):
    """The capability to blink."""

    def identify(self, seconds: int, *, timeout_s: float) -> None:
        """Blink for so many seconds (at most 255), 0 ends it. Raises BmcError. Safe to repeat."""
        ...
