"""What vendors' BMCs do otherwise than IPMI says, as data, by the ids of Get Device ID (IPMI v2.0 section 20.1).

Drivers and workers ask `quirks_of`; nobody compares ids anywhere else. A BMC that claims another vendor's
ids gets that vendor's quirks, and nothing in here gives it anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BootMethod(StrEnum):
    """How a boot device is set."""

    FLAGS = "flags"
    """By the boot flags of IPMI v2.0 table 28-14."""
    REMOTE_DISK_IN_UEFI = "remote_disk_in_uefi"
    """The same, but a UEFI machine starts from its disk only when told "remote or internal hard drive"."""
    FIRMWARE_ORDER = "firmware_order"
    """Not at all: the order that the firmware has stored decides, which must begin with the network."""


class ConsoleKind(StrEnum):
    """How the machine's screen can be had."""

    VNC = "vnc"
    """An RFB server on the BMC (iDRAC: port 5901, to be switched on there)."""
    VENDOR = "vendor"
    """Only the BMC's own page: a link and a temporary user."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """One family of BMCs. The defaults are what the standard says, with care."""

    name: str
    boot: BootMethod = BootMethod.FLAGS
    reads_boot: bool = True
    """Whether Get System Boot Options tells what was set."""
    cipher_suite: int = 3
    """The best that the family speaks reliably; 17 is accepted and broken by many."""
    console: ConsoleKind = ConsoleKind.VENDOR
    sessions: int = 4
    """How many sessions it holds at a time. IPMI asks for four (v2.0 section 6.12.10)."""
    user_slots: int = 10
    """The first is the anonymous user's. IPMI asks for four; the smallest of the servers in use has ten."""
    name_bytes: int = 16
    password_bytes: int = 20
    """Some keep 16 of the 20 (IPMI v1.5), and say yes."""

    def limits(self) -> dict[str, int]:
        """How much it takes, by name."""
        return {
            name: getattr(self, name) for name in ("sessions", "user_slots", "name_bytes", "password_bytes")
        }


STANDARD = Quirks("standard")
_DELL = Quirks("Dell iDRAC", console=ConsoleKind.VNC, cipher_suite=17, user_slots=16)
_SUPERMICRO = Quirks("Supermicro", boot=BootMethod.REMOTE_DISK_IN_UEFI)
_OPENBMC = Quirks("OpenBMC", cipher_suite=17, sessions=15, user_slots=15)
_ANY = None

# IANA private enterprise number, and the product id where a vendor's products differ.
QUIRKS: dict[tuple[int, int | None], Quirks] = {
    (2, _ANY): Quirks("IBM IMM", user_slots=12),
    (11, _ANY): Quirks("HPE iLO", cipher_suite=17, user_slots=12),
    (343, _ANY): Quirks("Intel", user_slots=15),
    (674, _ANY): _DELL,
    (4753, 0x0F02): Quirks("OpenIPMI ipmi_sim", reads_boot=False),
    (7244, _ANY): Quirks("Quanta"),
    (10368, _ANY): Quirks("Fujitsu iRMC", user_slots=16),
    (10876, _ANY): _SUPERMICRO,
    (19046, _ANY): Quirks("Lenovo XCC", cipher_suite=17, user_slots=12),
    (42817, _ANY): _OPENBMC,
    (47488, _ANY): _SUPERMICRO,
}


def quirks_of(manufacturer_id: int | None, product_id: int | None = None) -> Quirks:
    """The quirks of a BMC: of its product if there are any, else of its vendor, else the standard's."""
    if manufacturer_id is None:
        return STANDARD
    vendor = QUIRKS.get((manufacturer_id, _ANY), STANDARD)
    return QUIRKS.get((manufacturer_id, product_id), vendor)
