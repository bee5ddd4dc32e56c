"""What the machine says it is (FRU), as a capability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bmc.sensors import Partial

MAX_PARTS = 32


@dataclass(frozen=True, slots=True)
class BmcPart:
    """One field-replaceable unit. Fields that the BMC does not fill are ""."""

    name: str
    manufacturer: str = ""
    model: str = ""
    part_number: str = ""
    serial: str = ""
    version: str = ""
    asset_tag: str = ""


@dataclass(frozen=True, slots=True)
class BmcInventory:
    """`parts[0]` is the machine itself where the BMC tells it. `firmware`: the BMC's own version."""

    parts: tuple[BmcPart, ...]
    firmware: str = ""
    manufacturer_id: int | None = None
    """IANA enterprise number of who made the BMC."""
    product_id: int | None = None
    partial: Partial | None = None


@runtime_checkable
class Inventory(Protocol):
    """The capability to say what it is."""

    def read_inventory(self, *, timeout_s: float) -> BmcInventory:
        """Read every unit. Raises BmcError when the BMC does not even tell its own version."""
        ...
