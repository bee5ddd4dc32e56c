"""A tenant who resets the BMC's users: one clear event for staff, and nobody hammers the account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlmodel import col, select

import bmc
from bmc.consoles import SerialPortProcess
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.hardware import refusals_of_bmcs
from opsportal.domain.vault import seal
from opsportal.models import AuditEvent, Bmc, BmcRefusal, JobKind, Server
from tests.bmc.ipmi_sim import StartBmc
from tests.workers.site import click, job_of, rent_server, server_of
from workers import hardware, power_sweep
from workers.consoles.serial_rooms import SerialRoom

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("power-sweep")]


@pytest.fixture
def memory_bmc() -> Iterator[MemoryBmc]:
    """A BMC whose tenant has just changed the password."""
    machine = MemoryBmc()
    with plugged_in("127.9.0.1", machine):
        yield machine


@pytest.fixture
def server(memory_bmc: MemoryBmc) -> Server:
    with plugged_in("127.9.0.2", MemoryBmc()) as endpoint:
        rented = rent_server(endpoint)
    with unit_of_work() as unit:
        unit.get_one(Bmc, rented.id).host = "127.9.0.1"
    power_sweep.run()
    memory_bmc.password = "tenant's own"
    memory_bmc.log_ons.clear()
    return rented


def _events(server: Server) -> list[tuple[str, dict[str, str]]]:
    with unit_of_work() as unit:
        rows = unit.exec(
            select(AuditEvent).where(col(AuditEvent.tag).startswith("bmc:")).order_by(col(AuditEvent.id))
        ).all()
        assert {(row.object_id, row.company_id) for row in rows} <= {(server.id, None)}
        return [(row.tag, row.data) for row in rows]


def _let_time_pass(minutes: int) -> None:
    with unit_of_work() as unit:
        refusal = unit.exec(select(BmcRefusal)).one()
        refusal.last_at -= dt.timedelta(minutes=minutes)


def test_the_sweep_asks_less_and_less(server: Server, memory_bmc: MemoryBmc) -> None:
    tries = []
    for _ in range(60):  # two hours of a sweep every two minutes
        before = len(memory_bmc.log_ons)
        power_sweep.run()
        tries.append(len(memory_bmc.log_ons) - before)
        _let_time_pass(2)
    # One at once, the next after 2, 8 and 32 minutes.
    assert [number for number, count in enumerate(tries) if count] == [0, 1, 5, 21]
    assert len(memory_bmc.log_ons) == 4
    assert _events(server) == [("bmc:access_refused", {"code": "bmc_credentials_refused"})]
    row = server_of(server)
    assert (row.power, row.bmc_error_code) == ("unknown", "bmc_credentials_refused")


def test_clicks_do_not_lock_the_account_either(server: Server, memory_bmc: MemoryBmc) -> None:
    for _ in range(5):
        job_id = click(server, JobKind.POWER_OFF)
        hardware.run_job(job_id)
        job = job_of(job_id)
        assert (job.status, job.outcome_code, job.commands_sent) == ("failed", "bmc_credentials_refused", 0)
    power_sweep.run()
    assert len(memory_bmc.log_ons) == 1
    assert memory_bmc.commands == []
    assert [tag for tag, _ in _events(server)] == ["bmc:access_refused"]


def test_new_credentials_are_tried_at_once(server: Server, memory_bmc: MemoryBmc) -> None:
    power_sweep.run()
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).password = seal("tenant's own")
    power_sweep.run()
    row = server_of(server)
    assert (row.power, row.bmc_error_code) == ("on", None)
    assert [tag for tag, _ in _events(server)] == ["bmc:access_refused", "bmc:access_restored"]


def test_it_is_forgotten_once_the_bmc_lets_us_in(server: Server, memory_bmc: MemoryBmc) -> None:
    power_sweep.run()
    memory_bmc.password = "s3cret"
    _let_time_pass(3)
    power_sweep.run()
    with unit_of_work() as unit:
        assert refusals_of_bmcs.list_held_back(unit) == {}
        assert unit.exec(select(BmcRefusal)).all() == []
    assert server_of(server).power == "on"


def test_other_servers_are_read_as_ever(server: Server, memory_bmc: MemoryBmc) -> None:
    with plugged_in("127.9.0.3", MemoryBmc()) as endpoint:
        other = rent_server(endpoint)
        power_sweep.run()
        power_sweep.run()
    assert server_of(other).power == "on"


def test_silence_is_no_refusal(server: Server, memory_bmc: MemoryBmc) -> None:
    memory_bmc.is_silent = True
    memory_bmc.sleep = lambda _: None
    power_sweep.run()
    power_sweep.run()
    assert _events(server) == []
    assert server_of(server).bmc_error_code == "bmc_unreachable"


def test_planted_without_the_memory_every_sweep_knocks(
    server: Server, memory_bmc: MemoryBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals_of_bmcs, "list_held_back", lambda *_: {})
    for _ in range(5):
        power_sweep.run()
    assert len(memory_bmc.log_ons) == 5


async def test_a_console_that_is_tried_again_and_again_is_one_log_on(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever presses "Try again" on a console must not lock the account of a BMC whose password is another."""
    simulated = start_bmc()
    rented = rent_server(replace(simulated.endpoint, password="wrong"))
    started: list[str] = []
    real = SerialPortProcess.start

    async def counting(endpoint: bmc.Endpoint) -> SerialPortProcess:
        started.append(endpoint.host)
        return await real(endpoint)

    monkeypatch.setattr(SerialPortProcess, "start", counting)
    room = SerialRoom(rented.id or 0)
    codes = [await room._serve() for _ in range(4)]
    assert codes == ["bmc_credentials_refused"] * 4
    assert len(started) == 1
    assert [tag for tag, _ in _events(rented)] == ["bmc:access_refused"]
