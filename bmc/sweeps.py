"""The power state of many machines at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bmc.drivers import connect
from bmc.endpoints import Endpoint
from bmc.errors import BmcError
from bmc.ipmi.fleet import read_fleet
from bmc.power import PowerState

K = TypeVar("K")
Answers = dict[Endpoint, PowerState | BmcError]

_PROCESSES = 8
"""A Redfish BMC takes a process of its own, with 40 MB and half a second of CPU before the first request."""
_START_S = 3.0


def sweep_power(
    endpoints: Mapping[K, Endpoint], *, timeout_s: float = 5.0, concurrency: int = 64
) -> dict[K, PowerState | BmcError]:
    """Read every machine's power, at most `concurrency` at a time; a result for every key, in its order.

    `timeout_s` is each BMC's own: a silent one costs its own answer and no more. Never raises BmcError.
    The whole sweep ends within about `timeout_s` times the number of BMCs over `concurrency`.
    """
    answers: Answers = {}
    for driver, read in _READERS.items():
        wanted = list(dict.fromkeys(to for to in endpoints.values() if to.driver == driver))
        answers.update(read(wanted, timeout_s, concurrency))
    return {key: answers[endpoint] for key, endpoint in endpoints.items()}


def _read_one_by_one(endpoints: list[Endpoint], timeout_s: float, concurrency: int) -> Answers:
    def read(endpoint: Endpoint) -> PowerState | BmcError:
        try:
            with connect(endpoint) as control:
                return control.power_state(timeout_s=timeout_s)
        except BmcError as error:
            return error

    with ThreadPoolExecutor(concurrency) as threads:
        return dict(zip(endpoints, threads.map(read, endpoints), strict=True))


def _read_by_processes(endpoints: list[Endpoint], timeout_s: float, concurrency: int) -> Answers:
    return _read_one_by_one(endpoints, timeout_s + _START_S, min(concurrency, _PROCESSES))


_READERS: dict[str, Callable[[list[Endpoint], float, int], Answers]] = {
    "ipmi": read_fleet,
    "redfish": _read_by_processes,
    "memory": _read_one_by_one,
}
