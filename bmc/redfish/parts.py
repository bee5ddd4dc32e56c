"""What the machine is. Child processes only."""

from __future__ import annotations

from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_list, link, part
from bmc.redfish.failures import Failure

_MAX_PARTS = 32
_FIELDS = {
    "manufacturer": "Manufacturer",
    "model": "Model",
    "part_number": "PartNumber",
    "serial": "SerialNumber",
    "asset_tag": "AssetTag",
}


def read_inventory(bmc: Bmc) -> dict[str, Any]:
    """The machine, its chassis, and the firmware of the BMC."""
    system = bmc.system()
    parts = [_part(system) | {"version": system.get("BiosVersion")}]
    firmware, partial = None, None
    try:
        for reference in as_list(part(system, "Links", "ManagedBy"))[:1]:
            firmware = bmc.read(link(reference)).get("FirmwareVersion")
        for reference in as_list(part(system, "Links", "Chassis"))[: _MAX_PARTS - 1]:
            bmc.check_time()
            parts.append(_part(bmc.read(link(reference))))
    except Failure as failure:
        partial = "out_of_time" if failure.code == "bmc_deadline_exceeded" else "unreadable"
    return {"parts": parts, "firmware": firmware, "partial": partial}


def _part(resource: Resource) -> dict[str, Any]:
    return {"name": resource.get("Name")} | {field: resource.get(key) for field, key in _FIELDS.items()}
