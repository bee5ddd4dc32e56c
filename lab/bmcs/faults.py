"""What can be wrong with a BMC or its machine on purpose."""

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_SECONDS = 3.0
LONGEST_SECONDS = 60.0


class FaultKind(StrEnum):
    """The fault; each value is the word used on the command line and in the control API."""

    NONE = "none"
    SILENT = "silent"  # drops every packet, as a hung BMC or a pulled management cable does
    REFUSES = "refuses"  # the password in our books is no longer the BMC's
    IGNORES = "ignores"  # acknowledges power commands and does nothing
    SLOW = "slow"  # every answer inside a session comes late
    BUSY = "busy"  # chassis commands answer completion code C0h, node busy (IPMI 2.0, table 5-2)
    STUCK_OFF = "stuck-off"  # power-on is acknowledged, the supply does not come up
    NO_DHCP = "no-dhcp"  # nobody gives the machine an address: it never reaches the boot service
    BAD_IMAGE = "bad-image"  # what the installer fetches arrives damaged: the checksum is wrong
    NO_REPORTS = "no-reports"  # the machine installs, and none of its reports arrives
    HANGS = "hangs"  # the installer stops for ever once the disk is prepared


class UnknownFault(ValueError):
    """No such fault, or its seconds make no sense."""

    code = "unknown_fault"


@dataclass(frozen=True)
class Fault:
    """A fault in force. `seconds` is the delay of SLOW and 0 otherwise."""

    kind: FaultKind = FaultKind.NONE
    seconds: float = 0.0

    @classmethod
    def parse(cls, kind: str, *, seconds: float | None = None) -> "Fault":
        """The fault named `kind`. Raises UnknownFault, whose sentence lists what there is."""
        try:
            known = FaultKind(kind)
        except ValueError:
            kinds = ", ".join(FaultKind)
            message = f"There is no fault {kind!r}; nothing was changed. Choose one of: {kinds}."
            raise UnknownFault(message) from None
        if known is not FaultKind.SLOW:
            return cls(known)
        delay = DEFAULT_SECONDS if seconds is None else float(seconds)
        if not 0 < delay <= LONGEST_SECONDS:
            raise UnknownFault(
                f"slow takes more than 0 and at most {LONGEST_SECONDS:.0f} seconds; nothing was changed."
            )
        return cls(known, delay)


HEALTHY = Fault()
