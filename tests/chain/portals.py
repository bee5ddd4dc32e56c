"""A portal that installs servers of a lab: real boot service, real dispatcher and workers, real BMCs over IPMI."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

import bmc
from lab.bmcs.client import ask, read_fleet
from lab.qemu.images import ARGUMENTS
from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.provisioning.milestones import milestones_of
from opsportal.domain.provisioning.orders import InstallOrder
from opsportal.domain.provisioning.reinstall import request_reinstall
from opsportal.domain.provisioning.tokens import token_of
from opsportal.models import (
    HardwareJob,
    Installation,
    InstallerKind,
    InstallEvent,
    Milestone,
    MilestoneName,
    OperatingSystem,
    Server,
)
from opsportal.settings import settings
from tests.builders import make_actor, make_company, make_server, make_service
from tests.ports import free_port
from tests.stock import hand_over
from tests.workers.site import ROOT, Site, until

HOSTNAME = "web1.company.example"
SYSTEM = "Debian, ready image"
SCRIPT = "#!/bin/sh\nhostname >/root/ordered\n"


@contextmanager
def running_door(log: Path, boot_url: str) -> Iterator[int]:
    """The boot service as a process of its own, which tells machines that it is at `boot_url`. Its port.

    Somebody may take a port that was just free: then another one is tried.
    """
    for _ in range(5):
        port = free_port()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BOOT_URL", boot_url)
            settings.cache_clear()
            process = _start_door(port, log)
            try:
                if _state_of(process, port) == "answers":
                    yield port
                    return
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
                settings.cache_clear()
    raise AssertionError(log.read_text())


def _state_of(process: subprocess.Popen[bytes], port: int) -> str:
    return until(lambda: _is_there(process, port), timeout=120.0, what="the boot service")


def _start_door(port: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1"]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*command, "--port", str(port), "--no-access-log", "tests.chain.door:app"],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _is_there(process: subprocess.Popen[bytes], port: int) -> str:
    if process.poll() is not None:
        return "ended"
    try:
        return "answers" if httpx.get(f"http://127.0.0.1:{port}/boot/ipxe/nobody").status_code == 200 else ""
    except httpx.TransportError:
        return ""


@contextmanager
def running_lab(module: str, state: Path, *options: str) -> Iterator[Path]:
    """`python -m lab.bmcs` or `lab.qemu` on `state`; its BMCs answer when the block begins."""
    state.mkdir(parents=True)
    command = [sys.executable, "-m", module, "serve", "--state", str(state), "--with-parent", *options]
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stderr=log)
    try:
        read_fleet(state, timeout=120)
        yield state
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, (state / "log").read_text()


def make_system(boot_files: Path, images: Path, **changes: Any) -> OperatingSystem:
    """A ready image with its installer, of a directory of `lab.qemu.images`."""
    boot_files.mkdir(exist_ok=True)
    sums: dict[str, Any] = {}
    for name, source in (("kernel", "vmlinuz"), ("initrd", "initrd"), ("image", "disk.raw.gz")):
        shutil.copyfile(images / source, boot_files / name)
        sums[f"{name}_sha256"] = hashlib.sha256((boot_files / name).read_bytes()).hexdigest()
    row = OperatingSystem(
        code="image",
        name=SYSTEM,
        family="debian",
        version="12",
        installer=InstallerKind.RAW,
        kernel="kernel",
        initrd="initrd",
        image="image",
        kernel_arguments=ARGUMENTS,
        **sums,
        **changes,
    )
    with unit_of_work() as unit:
        unit.add(row)
    return row


@dataclass
class Tenancy:
    """A machine of the lab, rented by a client of the portal."""

    name: str
    lab: Path
    server: Server
    actor: Actor
    system: OperatingSystem
    job_id: int = 0
    password: str = field(default="", repr=False)

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """An operation of the lab on this machine. Its answer comes late on a slow one."""
        fields = {"timeout": 120} | fields
        answer: dict[str, Any] = ask(self.lab, op, name=self.name, **fields)
        return answer

    def identity(self) -> dict[str, Any]:
        """Where its BMC is, and who may speak to it."""
        return next(known for known in read_fleet(self.lab) if known["name"] == self.name)

    def effects(self) -> list[str]:
        """What really happened to the virtual machine, oldest first."""
        return [entry["what"] for entry in self.ask("show")["journal"] if entry["kind"] == "effect"]

    def reinstall(self, **changes: Any) -> int:
        """Its client orders a new system, with `changes` to the usual order. The job's id."""
        usual = InstallOrder(
            system_id=self.system.id or 0,
            hostname=HOSTNAME,
            layout="single",
            confirmation=self.server.name,
            time_zone="Europe/Prague",
            post_install=SCRIPT,
        )
        order = replace(usual, **changes)
        with unit_of_work() as unit:
            ordered = request_reinstall(unit, self.actor, self.server.id or 0, order)
        self.job_id, self.password = ordered.job.id or 0, ordered.password
        return self.job_id

    def job(self) -> HardwareJob:
        with unit_of_work() as unit:
            return unit.get_one(HardwareJob, self.job_id)

    def stage(self) -> str:
        with unit_of_work() as unit:
            return unit.get_one(Installation, self.job_id).stage

    def reached(self) -> list[str]:
        """The milestones that the machine has passed."""
        with unit_of_work() as unit:
            return [row.name for row in milestones_of(unit, self.job_id) if row.reached_at]

    def fetched(self) -> list[str]:
        """The files that the machine was given, in their order."""
        with unit_of_work() as unit:
            query = select(InstallEvent.detail).where(
                col(InstallEvent.job_id) == self.job_id, col(InstallEvent.kind) == "fetched"
            )
            return list(unit.exec(query.order_by(col(InstallEvent.id))))

    def milestone(self, name: MilestoneName) -> Milestone:
        with unit_of_work() as unit:
            return self._milestone(unit, name)

    def let_be_late(self, name: MilestoneName) -> None:
        """As if the usual time for a milestone had long passed."""
        with unit_of_work() as unit:
            self._milestone(unit, name).late_s = 0

    def let_expire(self, name: MilestoneName) -> None:
        """As if the longest time for a milestone had passed."""
        with unit_of_work() as unit:
            self._milestone(unit, name).limit_s = 0
            job = unit.get_one(HardwareJob, self.job_id)
            job.deadline_at = job.created_at

    def _milestone(self, unit: Unit, name: MilestoneName) -> Milestone:
        return unit.exec(
            select(Milestone).where(col(Milestone.job_id) == self.job_id, col(Milestone.name) == name)
        ).one()

    def token(self) -> str:
        """The token that its machine is given."""
        with unit_of_work() as unit:
            return token_of(unit.get_one(Installation, self.job_id))


def rent(lab: Path, index: int, system: OperatingSystem, *, disks: str = "1 x 1 GB virtio") -> Tenancy:
    """Machine number `index` of the lab, on record and rented."""
    machine = read_fleet(lab)[index]
    endpoint = bmc.Endpoint(
        machine["host"], machine["port"], username=machine["username"], password=machine["password"]
    )
    server = make_server(endpoint=endpoint, mac=machine["mac"], ip=machine["boot_ip"], disks=disks)
    company = make_company()
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(company).id)
    return Tenancy(machine["name"], lab, server, make_actor(company=company), system)


def start_processes(site: Site, *, workers: int) -> None:
    """Dispatcher and hardware workers."""
    site.start("dispatcher")
    site.hands(workers)
