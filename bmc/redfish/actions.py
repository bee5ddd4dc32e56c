"""What is asked of one BMC: power, boot device, identify light. Child processes only.

Each action takes a signed-in BMC and its arguments from the request, and returns JSON.
"""

from __future__ import annotations

from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_list, as_object, part
from bmc.redfish.failures import Failure

# ComputerSystem.Reset (DSP0268): the first that the BMC allows. Never PushPowerButton: it is a toggle.
_RESETS = {
    "on": ("On", "ForceOn"),
    "off": ("ForceOff",),
    "shutdown": ("GracefulShutdown",),
}
# PowerState is more than two-valued; a machine on its way is where it comes from until it has arrived.
_STATES = {"On": "on", "Off": "off", "PoweringOff": "on", "PoweringOn": "off", "Paused": "on"}
_DEVICES = {"default": "None", "network": "Pxe", "disk": "Hdd", "cdrom": "Cd", "setup": "BiosSetup"}
_NAMES = {name: device for device, name in _DEVICES.items()} | {"UefiHttp": "network"}


def read_power(bmc: Bmc) -> str:
    """ "on" or "off", read now."""
    state = bmc.system().get("PowerState")
    if not isinstance(state, str) or state not in _STATES:
        raise Failure("bmc_protocol_error")
    return _STATES[state]


def reset(bmc: Bmc, goal: str) -> str:
    """Send one ComputerSystem.Reset. pyghmi's set_power would first decide by a state of its own."""
    action = as_object(part(bmc.system(), "Actions", "#ComputerSystem.Reset") or {})
    allowed = as_list(action.get("ResetType@Redfish.AllowableValues"))
    wanted = [kind for kind in _RESETS[goal] if not allowed or kind in allowed]
    if not wanted or not action.get("target"):
        raise Failure("bmc_unsupported")
    bmc.write(action["target"], {"ResetType": wanted[0]}, method="POST")
    return goal


def set_boot(bmc: Bmc, device: str, *, once: bool, uefi: bool | None) -> str:
    """Set the boot override. pyghmi's set_bootdev turns a machine to UEFI when nobody asked for it."""
    boot: Resource = {"BootSourceOverrideEnabled": "Once" if once else "Continuous"}
    if device == "default":
        boot = {"BootSourceOverrideEnabled": "Disabled"}
    boot["BootSourceOverrideTarget"] = _DEVICES[device]
    if uefi is not None:
        boot["BootSourceOverrideMode"] = "UEFI" if uefi else "Legacy"
    etag = bmc.system().get("@odata.etag")
    bmc.write(bmc.sysurl, {"Boot": boot}, method="PATCH", etag=etag if isinstance(etag, str) else "*")
    return device


def read_boot(bmc: Bmc) -> dict[str, Any]:
    """What is set now; pyghmi's get_bootdev answers from a cache of half a minute."""
    boot = as_object(bmc.system().get("Boot"))
    enabled, target = boot.get("BootSourceOverrideEnabled"), boot.get("BootSourceOverrideTarget")
    device = (
        "default" if enabled == "Disabled" or not isinstance(target, str) else _NAMES.get(target, "default")
    )
    is_uefi = boot.get("BootSourceOverrideMode") == "UEFI"
    return {"device": device, "is_once": enabled == "Once", "is_uefi": is_uefi}


def identify(bmc: Bmc, *, is_on: bool) -> bool:
    """Let the light blink, or not. Redfish knows no duration."""
    system = bmc.system()
    if "LocationIndicatorActive" in system:
        change: Resource = {"LocationIndicatorActive": is_on}
    elif "IndicatorLED" in system:
        change = {"IndicatorLED": "Blinking" if is_on else "Off"}
    else:
        raise Failure("bmc_unsupported")
    bmc.write(bmc.sysurl, change, method="PATCH", etag="*")
    return is_on
