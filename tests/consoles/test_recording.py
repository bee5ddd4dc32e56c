"""What a machine prints while a job is at work on it is kept in that job's log, without anybody watching."""

from __future__ import annotations

import asyncio

import pytest
from sqlmodel import select

from lab.bmcs.client import ask
from opsportal.db import unit_of_work
from opsportal.domain.consoles import grants, serial_logs
from opsportal.domain.consoles.refusals import NoSerialPort
from opsportal.domain.hardware import topics
from opsportal.domain.refusals import NotFound
from opsportal.models import Bmc, ConsoleGrant, ConsoleKind, HardwareJob, JobKind, JobStatus, Role
from opsportal.models.base import utcnow
from opsportal.state.consoles.tab import read_consoles
from tests.builders import make_actor, make_company
from tests.consoles.stage import PATIENCE_S, Stage, opened
from tests.consoles.test_serial import browser_of

pytestmark = pytest.mark.xdist_group("consoles")


def begin_job(server_id: int, company_id: int | None) -> int:
    with unit_of_work() as unit:
        job = HardwareJob(
            server_id=server_id,
            company_id=company_id,
            kind=JobKind.REINSTALL,
            status=JobStatus.RUNNING,
            actor_name="a test",
            not_after=utcnow(),
        )
        unit.add(job)
        unit.flush()
        unit.changed(*topics.of_job(job))
    return job.id or 0


def end_job(job_id: int) -> None:
    with unit_of_work() as unit:
        job = unit.get_one(HardwareJob, job_id)
        job.status = JobStatus.FAILED
        unit.changed(*topics.of_job(job))


async def text_of(job_id: int, wanted: str) -> str:
    """The log as the tenant reads it, as soon as it has this in it."""
    operator = make_actor(role=Role.OPERATOR)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with unit_of_work() as unit:
                found = serial_logs.read(operator, unit, job_id)
            if wanted in found.text:
                return found.text
            await asyncio.sleep(0.05)


async def test_reboot_during_a_job_is_recorded_and_announced(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    job_id = begin_job(server.id or 0, company.id)
    await text_of(job_id, "login: ")
    async with opened(browser_of(stage, Role.CLIENT, company=company), server.id or 0) as console:
        await console.until(lambda: console.state.get("recording") is True)
        await asyncio.to_thread(ask, stage.lab.directory, "press", name=name, button="reset")
        await text_of(job_id, "GRUB loading.")
        end_job(job_id)
        await console.until(lambda: console.state.get("recording") is False)
        size = len(await text_of(job_id, "GRUB loading."))
        await console.until(lambda: b"login: " in console.seen.rpartition(b"GRUB loading.")[2])
        await console.type(b"after the end")
        await console.shows(b"after the end")
    assert len(await text_of(job_id, "GRUB loading.")) == size
    stranger = make_actor(company=make_company())
    with unit_of_work() as unit, pytest.raises(NotFound):
        serial_logs.read(stranger, unit, job_id)


async def test_a_port_that_cannot_be_heard_says_so_in_the_log_and_is_not_offered(stage: Stage) -> None:
    company = make_company()
    server, _ = stage.take_machine(company)
    number, client = server.id or 0, make_actor(company=company)
    with unit_of_work() as unit:
        unit.get_one(Bmc, number).driver = "redfish"
    job_id = begin_job(number, company.id)
    assert "over Redfish, which carries none" in await text_of(job_id, "The serial port cannot be heard")
    end_job(job_id)
    with unit_of_work() as unit, pytest.raises(NoSerialPort):
        grants.grant_console(unit, client, number, ConsoleKind.SERIAL)
    with unit_of_work() as unit:
        view = read_consoles(unit, client, number)
        assert unit.exec(select(ConsoleGrant).where(ConsoleGrant.server_id == number)).all() == []
    assert (view.serial_msgid, view.problem_msgid, view.access_msgid) == (NoSerialPort.msgid, "", "")


def test_log_is_cut_where_it_is_full_and_says_so(stage: Stage) -> None:
    company = make_company()
    server, _ = stage.take_machine(company)
    with unit_of_work() as unit:
        job = HardwareJob(
            server_id=server.id or 0, company_id=company.id, kind=JobKind.WIPE, status=JobStatus.FAILED,
            actor_name="a test", not_after=utcnow(),
        )  # fmt: skip
        unit.add(job)
    line = b"x" * 1023 + b"\r\n"
    for expected in (True, True, False, False):
        with unit_of_work() as unit:
            assert serial_logs.append(unit, job.id or 0, line * 200) is expected
    actor = make_actor(company=company)
    read, position, has_more = "", 0, True
    while has_more:
        with unit_of_work() as unit:
            part = serial_logs.read(actor, unit, job.id or 0, position)
        read, position, has_more = read + part.text, part.position, part.has_more
    assert part.is_cut
    assert read == ("x" * 1023 + "\n") * 512
