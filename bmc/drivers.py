"""From an endpoint to something that controls the machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from bmc import memory
from bmc.endpoints import Endpoint
from bmc.ipmi.control import IpmiPower
from bmc.ipmi.processes import start_spare
from bmc.power import PowerControl
from bmc.redfish.control import RedfishControl

_DRIVERS: dict[str, Callable[[Endpoint], AbstractContextManager[PowerControl]]] = {
    "ipmi": IpmiPower,
    "redfish": RedfishControl,
    "memory": memory.MemoryPower,
}


def connect(endpoint: Endpoint) -> AbstractContextManager[PowerControl]:
    """Control of one machine's power, for a `with` block, by the driver that the endpoint names.

    Nothing is sent before the first question. Leaving the block frees the BMC's session slot. Raises
    ValueError for a driver that does not exist.
    """
    try:
        driver = _DRIVERS[endpoint.driver]
    except KeyError:
        raise ValueError(f"no driver {endpoint.driver!r}; there are {sorted(_DRIVERS)}") from None
    return driver(endpoint)


def get_ready() -> None:
    """Start what the next connection from this process will need, so that it need not wait for it.

    For a process that will talk to one BMC and then end. Call it in the thread that will.
    """
    start_spare()
