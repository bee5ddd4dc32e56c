"""What a visit can do besides power, by name. Child processes only; imported when first needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bmc.ipmi import boot, events, sensors, units, users
from bmc.ipmi.boot import Script

IsLate = Callable[[], bool]
# These read many records and end early, with what they have, when told that it is late.
_READERS: dict[str, Callable[..., Script]] = {
    "sensors": sensors.read_sensors,
    "events": events.read_events,
    "inventory": units.read_inventory,
}
_COMMANDS: dict[str, Callable[..., Script]] = {
    "shutdown": boot.shutdown,
    "identify": boot.identify,
    "read_boot": boot.read_boot,
    "set_boot": boot.set_boot,
    "clear_cmos": boot.clear_cmos,
    "read_cmos_clear": boot.read_cmos_clear,
    "power_draw": sensors.read_power_draw,
    "list_users": users.list_users,
    "create_user": users.create_user,
    "delete_user": users.delete_user,
    "set_password": users.set_password,
}


def script(action: str, args: dict[str, Any], is_late: IsLate) -> Script:
    """The script of `action`. Raises KeyError for a name that there is not."""
    if action in _READERS:
        return _READERS[action](**args, is_late=is_late)
    return _COMMANDS[action](**args)
