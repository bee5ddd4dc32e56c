"""Power state of 300 BMCs, all asked at once, beside FreeIPMI's `ipmipower` on the same fleet."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import bmc
from tests.bmc.ipmi_sim import SimulatedBmc, running_fleet
from tests.tools import need_tool

BMCS = 300
RUNS = 5


def run() -> list[dict[str, object]]:
    """Sweep the fleet `RUNS` times with each program in turn; medians, in BMCs per second."""
    with tempfile.TemporaryDirectory() as directory, running_fleet(Path(directory), BMCS) as fleet:
        _sweep_with_ipmipower(fleet)  # both get one run to warm the caches
        _sweep(fleet)
        theirs, ours = [], []
        for _ in range(RUNS):
            theirs.append(_sweep_with_ipmipower(fleet))
            ours.append(_sweep(fleet))
    value, peer_value = BMCS / statistics.median(ours), BMCS / statistics.median(theirs)
    return [
        {
            "name": "bmc_sweep_300",
            "value": round(value, 1),
            "unit": "BMCs/s",
            "peer": "ipmipower -s",
            "peer_value": round(peer_value, 1),
            "ratio": round(value / peer_value, 2),
        }
    ]


def _sweep(fleet: list[SimulatedBmc]) -> float:
    endpoints = {number: simulated.endpoint for number, simulated in enumerate(fleet)}
    start = time.perf_counter()
    answers = bmc.sweep_power(endpoints)
    seconds = time.perf_counter() - start
    wrong = {number: answer for number, answer in answers.items() if answer != bmc.PowerState.ON}
    if wrong or len(answers) != len(fleet):
        raise RuntimeError(f"{len(wrong)} of {len(answers)} BMCs did not answer: {wrong}")
    return seconds


def _sweep_with_ipmipower(fleet: list[SimulatedBmc]) -> float:
    one = fleet[0].endpoint
    hosts = ",".join(f"{simulated.endpoint.host}:{simulated.endpoint.port}" for simulated in fleet)
    command = [need_tool("ipmipower"), "-D", "LAN_2_0", "-W", "opensesspriv", "-s", "-h", hosts]
    command += ["-u", one.username, "-p", one.password, "-I", "3"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    seconds = time.perf_counter() - start
    if done.stdout.count(": on\n") != len(fleet):
        raise RuntimeError(
            f"ipmipower did not reach the whole fleet: {done.stdout[-300:]}{done.stderr[-300:]}"
        )
    return seconds
