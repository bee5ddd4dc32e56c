"""Settings of the factory, and virtual media. Child processes only.

DSP0268: Bios.ResetBios, VirtualMedia.EjectMedia, and Manager.ResetToDefaults only in the way that keeps network and
users: the other ways would lock us out of the BMC, and a person would have to go there.
"""

from __future__ import annotations

from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_list, link, part
from bmc.redfish.failures import Failure

_SAFE = "PreserveNetworkAndUsers"
_MAX_DEVICES = 16


def reset_settings(bmc: Bmc) -> dict[str, Any]:
    """Eject, then the firmware, and the BMC last: it may go away for minutes."""
    system = bmc.system()
    managers = [bmc.read(link(one)) for one in as_list(part(system, "Links", "ManagedBy"))[:2]]
    ejected = _eject(bmc, [system, *managers])
    bios = _reset_bios(bmc, system)
    manager = sum(_reset_manager(bmc, one) for one in managers) > 0  # each of them, not the first only
    if not bios and not manager and ejected is None:
        raise Failure("bmc_unsupported")
    return {"bios": bios, "bmc": manager, "ejected": ejected}


def is_reset_pending(bmc: Bmc) -> bool:
    """Bios.ResetBiosToDefaultsPending: true from the reset until the firmware has carried it out."""
    place = link(bmc.system().get("Bios"))
    return bool(place) and bmc.read(place).get("ResetBiosToDefaultsPending") is True


def _reset_bios(bmc: Bmc, system: Resource) -> bool:
    place = link(system.get("Bios"))
    target = part(bmc.read(place), "Actions", "#Bios.ResetBios", "target") if place else None
    if not target:
        return False
    bmc.write(target, {}, method="POST")
    return True


def _reset_manager(bmc: Bmc, manager: Resource) -> bool:
    action = part(manager, "Actions", "#Manager.ResetToDefaults")
    allowed = as_list(
        part(manager, "Actions", "#Manager.ResetToDefaults", "ResetType@Redfish.AllowableValues")
    )
    if not isinstance(action, dict) or _SAFE not in allowed or not action.get("target"):
        return False
    bmc.write(action["target"], {"ResetType": _SAFE}, method="POST")
    return True


def _eject(bmc: Bmc, owners: list[Resource]) -> int | None:
    """How many media were taken out and are read back as gone; None where there are no such devices."""
    places = {link(one.get("VirtualMedia")) for one in owners} - {None}
    if not places:
        return None
    ejected = 0
    for place in sorted(places):
        for device in bmc.members(place, limit=_MAX_DEVICES):
            target = part(device, "Actions", "#VirtualMedia.EjectMedia", "target")
            if device.get("Inserted") is not True or not target:
                continue
            bmc.write(target, {}, method="POST")
            if bmc.read(link(device) or device.get("@odata.id")).get("Inserted") is True:
                raise Failure("bmc_ignored_command")
            ejected += 1
    return ejected
