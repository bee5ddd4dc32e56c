"""A server with a BMC in memory behind it, a boot service's files, and a machine that follows its scripts."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import select

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.provisioning import deliveries, reports
from opsportal.domain.provisioning.machines import clean_mac
from opsportal.domain.provisioning.orders import InstallOrder
from opsportal.domain.provisioning.reinstall import Ordered, request_reinstall
from opsportal.integrations import installers
from opsportal.models import (
    HardwareJob,
    Installation,
    InstallerKind,
    JobKind,
    OperatingSystem,
    Server,
    SystemPurpose,
)
from tests.builders import make_actor, make_company, make_server, make_service
from tests.stock import hand_over
from workers import hardware

KERNEL, INITRD, IMAGE = b"kernel", b"initrd", gzip.compress(b"system", mtime=0)
BASE_URL = "http://192.0.2.1:8000"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8cJ4l0Q2n0xkKj1rX2y7f1gqk5o0Yx3Jq8b0H9ZkVd someone@desk"


def make_files(directory: Path) -> None:
    """The files that systems of `make_system` name."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in (("kernel", KERNEL), ("initrd", INITRD), ("image.gz", IMAGE)):
        (directory / name).write_bytes(content)


def make_system(
    installer: InstallerKind = InstallerKind.RAW,
    purpose: SystemPurpose = SystemPurpose.INSTALL,
    **changes: Any,
) -> OperatingSystem:
    """A system whose files are there."""
    with unit_of_work() as unit:
        number = len(unit.exec(select(OperatingSystem)).all())
    defaults: dict[str, Any] = {
        "code": f"system-{number}",
        "name": f"System {number}",
        "family": "debian",
        "version": "12",
        "purpose": purpose,
        "installer": installer,
        "kernel": "kernel",
        "kernel_sha256": hashlib.sha256(KERNEL).hexdigest(),
        "initrd": "initrd",
        "initrd_sha256": hashlib.sha256(INITRD).hexdigest(),
        "image": "image.gz",
        "image_sha256": hashlib.sha256(IMAGE).hexdigest(),
    }
    row = OperatingSystem(**(defaults | changes))
    with unit_of_work() as unit:
        unit.add(row)
    return row


@dataclass
class Place:
    """A client's server that can be reinstalled."""

    server: Server
    actor: Actor
    system: OperatingSystem
    bmc: MemoryBmc
    job_id: int = 0
    password: str = ""
    scripts: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        assert self.server.ip
        return self.server.ip

    def order(self, **changes: Any) -> InstallOrder:
        assert self.system.id is not None
        wishes: dict[str, Any] = {
            "system_id": self.system.id,
            "hostname": "web1.company.example",
            "layout": "single",
            "confirmation": self.server.name,
            "ssh_keys": [KEY],
            "time_zone": "Europe/Prague",
            "post_install": "#!/bin/sh\necho done\n",
        }
        return InstallOrder(**(wishes | changes))

    def reinstall(self, **changes: Any) -> Ordered:
        """Ask for a new system, as its client does."""
        with unit_of_work() as unit:
            ordered = request_reinstall(unit, self.actor, self.server.id or 0, self.order(**changes))
        self.job_id, self.password = ordered.job.id or 0, ordered.password
        return ordered

    def work(self) -> None:
        """What a worker does with the wake-up call."""
        hardware.run_job(self.job_id)

    def job(self) -> HardwareJob:
        with unit_of_work() as unit:
            return unit.get_one(HardwareJob, self.job_id)

    def installation(self) -> Installation:
        with unit_of_work() as unit:
            return unit.get_one(Installation, self.job_id)

    def installation_kind(self) -> JobKind:
        return JobKind(self.job().kind)

    @property
    def end(self) -> tuple[str, str | None]:
        job = self.job()
        return job.status, job.outcome_code

    # What the machine does over HTTP, without the HTTP (tests/doors has that).

    def script(self, address: str = "", mac: str = "") -> str:
        """The boot script, as text."""
        with unit_of_work() as unit:
            facts = deliveries.boot_script(
                unit, mac=clean_mac(mac or self.server.mac), address=address or self.address
            )
        text = installers.boot_script(facts) if facts else installers.LOCAL_DISK
        self.scripts.append(text)
        return text

    def token(self) -> str:
        """The token in the newest script that holds one."""
        for text in reversed(self.scripts):
            if found := re.search(r"/boot/i/([A-Za-z0-9_-]{43})/", text):
                return found[1]
        raise AssertionError("no script held a token")

    def fetch(self, name: str, *, token: str = "", address: str = "") -> str:
        """A file: its text, or where its bytes are."""
        with unit_of_work() as unit:
            delivery = deliveries.deliver(
                unit, token=token or self.token(), name=name, address=address or self.address
            )
        return delivery.source or installers.render(delivery.facts, name)

    def report(self, milestone: str, detail: str = "", *, token: str = "", address: str = "") -> None:
        with unit_of_work() as unit:
            reports.report(
                unit,
                token=token or self.token(),
                milestone=milestone,
                detail=detail,
                address=address or self.address,
            )

    def boot_installer(self) -> None:
        """From the power button to an installer that runs."""
        assert "/kernel" in self.script()
        self.fetch("kernel")
        self.fetch("initrd")
        self.report("installer_started")

    def install(self) -> None:
        """The rest of a raw installation, up to the login prompt."""
        self.fetch("image")
        for name in ("disk_prepared", "system_written", "first_boot", "answers"):
            self.report(name)


@contextmanager
def running_place(number: int = 1, **changes: Any) -> Iterator[Place]:
    """A client's server, off or on, with nothing going on."""
    company = make_company()
    machine = MemoryBmc()
    with plugged_in(f"127.0.77.{number}", machine) as endpoint:
        server = make_server(endpoint=endpoint, **changes)
        service = make_service(company)
        with unit_of_work() as unit:
            hand_over(unit, server.id or 0, service.id)
        with unit_of_work() as unit:
            server = unit.get_one(Server, server.id)
        yield Place(server, make_actor(company=company), make_system(), machine)
