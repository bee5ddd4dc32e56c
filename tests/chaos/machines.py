"""Machines behind ipmi_sim that boot from the portal when they are told to: they show an installer started twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from sqlmodel import col, select

from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal
from opsportal.models import HardwareJob, OperatingSystem, Server
from tests.bmc.ipmi_sim import SimulatedBmc
from tests.integration.provisioning.rack import Place

_STEPS = (
    "kernel",
    "initrd",
    "installer_started",
    "image",
    "disk_prepared",
    "system_written",
    "first_boot",
    "answers",
)
_FILES = {"kernel", "initrd", "image"}


def request_install(server: Server, actor: Actor) -> Place:
    """The server's client asks for a new system."""
    with unit_of_work() as unit:
        system = unit.exec(select(OperatingSystem).order_by(col(OperatingSystem.id))).first()
    assert system is not None
    place = Place(server, actor, system, cast(MemoryBmc, None))
    place.reinstall()
    return place


@dataclass
class InstalledMachine:
    """The machine of one order. It acts only when its BMC has switched it on anew."""

    simulated: SimulatedBmc
    place: Place
    starts: int = 0
    """How many installers have erased its disk."""
    _seen: int = -1
    _ahead: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._seen = len(self.simulated.commands())

    def follow(self) -> None:
        """One step further on the machine's way."""
        commands = self.simulated.commands()
        fresh, self._seen = commands[self._seen :], len(commands)
        if "power on" in fresh:
            self._ahead = list(_STEPS) if "/kernel" in self.place.script() else []
        elif "power off" in fresh:
            self._ahead = []
        if self._ahead:
            self._take(self._ahead.pop(0))

    def _take(self, step: str) -> None:
        try:
            if step in _FILES:
                self.place.fetch(step)
            else:
                self.place.report(step)
        except Refusal:
            self._ahead = []  # no longer wanted: it starts from its disk
            return
        self.starts += step == "disk_prepared"

    def check(self) -> None:
        """No disk was erased twice; a job that says so has installed, and one that was refused has not."""
        with unit_of_work() as unit:
            job = unit.get_one(HardwareJob, self.place.job_id)
        assert self.starts <= 1, (self.starts, job)
        if job.status == "succeeded":
            assert self.starts == 1, job
        if job.status in ("cancelled", "expired"):
            assert self.starts == 0, job
