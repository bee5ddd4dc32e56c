"""One verified power action, process start included, beside `ipmitool -C 3` on the same BMC."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bmc
from tests.bmc.ipmi_sim import SimulatedBmc, running_bmc
from tests.tools import need_tool

RUNS = 15


def run() -> list[dict[str, object]]:
    """Switch off and read back until off, `RUNS` times each in turn; medians, in milliseconds."""
    theirs, ours = [], []
    with tempfile.TemporaryDirectory() as directory, running_bmc(Path(directory)) as simulated:
        for _ in range(RUNS):
            theirs.append(_timed(_power_off_with_ipmitool, simulated))
            ours.append(_timed(_power_off, simulated))
    value, peer_value = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    return [
        {
            "name": "bmc_power_off_verified",
            "value": round(value, 1),
            "unit": "ms",
            "peer": "ipmitool -C 3: power off, then status until off",
            "peer_value": round(peer_value, 1),
            "ratio": round(peer_value / value, 2),
        }
    ]


def _timed(power_off: Callable[[SimulatedBmc], None], simulated: SimulatedBmc) -> float:
    simulated.switch(bmc.PowerState.ON)
    before = len(simulated.commands())
    start = time.perf_counter()
    power_off(simulated)
    seconds = time.perf_counter() - start
    if simulated.power() != bmc.PowerState.OFF or simulated.commands()[before:] != ["power off"]:
        raise RuntimeError(f"not switched off as intended: {simulated.commands()[before:]}")
    return seconds


def _power_off(simulated: SimulatedBmc) -> None:
    with bmc.connect(simulated.endpoint) as control:
        bmc.ensure_power(
            control,
            bmc.PowerGoal.OFF,
            deadline_s=10,
            before_command=lambda: None,
            on_progress=lambda step, /, **facts: None,
        )


def _power_off_with_ipmitool(simulated: SimulatedBmc) -> None:
    to = simulated.endpoint
    command = [need_tool("ipmitool"), "-I", "lanplus", "-C", "3", "-H", to.host, "-p", str(to.port)]
    command += ["-U", to.username, "-P", to.password, "power"]
    subprocess.run([*command, "off"], capture_output=True, check=True, timeout=30)
    status = b""
    while b"is off" not in status:
        status = subprocess.run([*command, "status"], capture_output=True, check=True, timeout=30).stdout
