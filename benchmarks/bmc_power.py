"""One verified power action beside `ipmitool -C 3` on the same BMC: by the driver alone, and through our queue."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bmc
from benchmarks import rows
from benchmarks.portal_database import portal_database
from opsportal.db import unit_of_work
from opsportal.domain.hardware import power
from opsportal.models import HardwareJob, JobKind
from tests.bmc.ipmi_sim import SimulatedBmc, running_bmc
from tests.builders import make_actor, make_company, make_server, make_service
from tests.tools import need_tool
from tests.workers.site import FINAL, Site, job_of

RUNS = 15
PATIENCE_S = 60.0
REST_S = 0.3
"""Before each action, so that none is measured beside what another leaves to be done: our worker gets its next work
horse ready after each job."""
PEER = "ipmitool -C 3: power off, then status until off"


def run() -> list[rows.Row]:
    """Switch off and read back until off, `RUNS` times each in turn; medians, in milliseconds."""
    with (
        tempfile.TemporaryDirectory() as name,
        running_bmc(Path(name) / "bmc") as simulated,
        portal_database(BMC_NETWORKS="127.0.0.0/8", DATA=name),
    ):
        queue = _Queue(Path(name), simulated)
        try:
            queue.power_off(simulated)  # the first job waits for the worker to start
            seconds = _in_turn((_power_off_with_ipmitool, _power_off, queue.power_off), simulated)
        finally:
            queue.site.end()
    theirs, driver, queued = (statistics.median(each) * 1000 for each in seconds)
    return [
        rows.less_is_better("bmc_power_off_verified", driver, "ms", peer=PEER, peer_value=theirs),
        rows.less_is_better("bmc_power_off_verified_queued", queued, "ms", peer=PEER, peer_value=theirs),
    ]


Action = Callable[[SimulatedBmc], None]


def _in_turn(actions: tuple[Action, ...], simulated: SimulatedBmc) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in actions]
    for _ in range(RUNS):
        for seconds, action in zip(found, actions, strict=True):
            seconds.append(_timed(action, simulated))
    return found


def _timed(power_off: Action, simulated: SimulatedBmc) -> float:
    simulated.switch(bmc.PowerState.ON)
    time.sleep(REST_S)
    before = len(simulated.commands())
    start = time.perf_counter()
    power_off(simulated)
    seconds = time.perf_counter() - start
    if simulated.power() != bmc.PowerState.OFF or simulated.commands()[before:] != ["power off"]:
        raise RuntimeError(f"not switched off as intended: {simulated.commands()[before:]}")
    return seconds


class _Queue:
    """A portal with a dispatcher and a hardware worker, whose client presses *Power off*."""

    def __init__(self, directory: Path, simulated: SimulatedBmc) -> None:
        company = make_company()
        self._actor = make_actor(company=company)
        server = make_server(make_service(company), endpoint=simulated.endpoint)
        self._server_id = server.id or 0
        self.site = Site(directory, os.environ["DATABASE_URL"])
        self.site.start("dispatcher")
        self.site.start("worker", "hardware")

    def power_off(self, simulated: SimulatedBmc) -> None:
        """From the click to the job that has read back that the machine is off."""
        with unit_of_work() as unit:
            job = power.request_power(unit, self._actor, self._server_id, kind=JobKind.POWER_OFF)
        deadline = time.monotonic() + PATIENCE_S
        while (now := job_of(job.id or 0)).status not in FINAL:
            if time.monotonic() > deadline:
                raise RuntimeError(f"never ended: {now}\n{self.site.logs()}")
            time.sleep(0.001)
        _check(now)


def _check(job: HardwareJob) -> None:
    if job.status != "succeeded":
        raise RuntimeError(f"the job ended as {job.status}: {job.outcome_code}")


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
