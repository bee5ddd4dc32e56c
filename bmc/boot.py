"""From what a machine boots next, as a capability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class BootDevice(StrEnum):
    """A wish for the next boot (IPMI v2.0 table 28-14). `DEFAULT`: the order that the firmware has stored."""

    DEFAULT = "default"
    NETWORK = "network"
    DISK = "disk"
    CDROM = "cdrom"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class BootSetting:
    """What the BMC says it will tell the firmware. Some BMCs always say DEFAULT, whatever they do."""

    device: BootDevice
    is_once: bool
    is_uefi: bool


@runtime_checkable
class BootControl(Protocol):
    """The capability to choose the boot device. Both calls raise BmcError and end within `timeout_s`."""

    def set_boot(
        self, device: BootDevice, *, once: bool = True, uefi: bool | None = None, timeout_s: float
    ) -> None:
        """Wish for `device` at the next boot, or with `once` off at every boot from now on.

        `uefi` None keeps the way the machine boots as the BMC reports it: setting a boot device must not
        turn a UEFI machine into a legacy one. Safe to repeat.
        """
        ...

    def read_boot(self, *, timeout_s: float) -> BootSetting:
        """Ask what is set."""
        ...
