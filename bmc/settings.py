"""Back to the settings of the factory, as far as a driver can without losing the BMC, as a capability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable


class SettingsMeans(StrEnum):
    """By what something was set back."""

    REDFISH_RESET_BIOS = "Redfish Bios.ResetBios"
    IPMI_CMOS_CLEAR = "IPMI boot flags, CMOS clear"
    REDFISH_RESET_MANAGER = "Redfish Manager.ResetToDefaults, PreserveNetworkAndUsers"


@dataclass(frozen=True, slots=True)
class SettingsReset:
    """What was asked for and taken. The firmware carries its part out at the next start.

    `bios` and `bmc`: by which means, None where the BMC offers none that is safe. `ejected`: virtual media that were
    taken out, None where the driver cannot tell. A BMC that resets its own settings may be away for minutes.
    """

    bios: SettingsMeans | None = None
    bmc: SettingsMeans | None = None
    ejected: int | None = None


@runtime_checkable
class FactorySettings(Protocol):
    """The capability to set firmware back. Safe to repeat."""

    def reset_settings(self, *, timeout_s: float) -> SettingsReset:
        """Set the machine's firmware back, and the BMC's own settings where it keeps its network and its users.

        Raises BmcError; BmcUnsupported where it can do neither.
        """
        ...

    def is_reset_pending(self, *, timeout_s: float) -> bool:
        """Whether the BMC shows that the firmware has its part still to carry out.

        Asked right after `reset_settings`, no means that this BMC shows nothing of it. Raises BmcError.
        """
        ...
