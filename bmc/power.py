"""Power as a capability: what can be read and wanted, and what a driver must offer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class PowerState(StrEnum):
    """What Get Chassis Status says about main power (IPMI v2.0 section 28.2, bit 0)."""

    ON = "on"
    OFF = "off"


class PowerGoal(StrEnum):
    """What somebody wants the power to be. Never a toggle, so repeating a goal is harmless."""

    ON = "on"
    OFF = "off"


class PowerControl(Protocol):
    """The capability to read and set main power. Both calls raise BmcError and end within `timeout_s`."""

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Ask the BMC now; never answers from memory."""
        ...

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send exactly one command and wait for its acknowledgement, which proves nothing about the machine.

        A retryable error means the command may still have taken effect: read back before sending another.
        """
        ...


@runtime_checkable
class SoftShutdown(Protocol):
    """The capability to ask the operating system to end by itself."""

    def shutdown(self, *, timeout_s: float) -> None:
        """Press the power button briefly, as ACPI sees it (IPMI v2.0 section 28.3). Sent exactly once.

        The acknowledgement proves nothing: an operating system may take minutes, or never listen.
        """
        ...


class Progress(Protocol):
    """Is told each step of `ensure_power`: a stable name and facts that are safe to show."""

    def __call__(self, step: str, /, **facts: object) -> None: ...


@dataclass(frozen=True, slots=True)
class PowerOutcome:
    """A verified power state. `was_already`: no command was needed. `seconds`: from start to read-back."""

    state: PowerState
    was_already: bool
    commands_sent: int
    seconds: float
