"""What a sweep of the fleet keeps, what it leaves alone, and whom it tells."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlmodel import col, select

import bmc
from bmc import PowerState
from opsportal.db import LIVE_CHANNEL, unit_of_work
from opsportal.domain.hardware import claims
from opsportal.models import Bmc, Power, Server, Service
from opsportal.models.base import utcnow
from tests.bmc.ipmi_sim import StartBmc
from tests.workers.site import click, rent_server, server_of
from workers import power_sweep

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("power-sweep")]


@contextmanager
def _heard(url: str) -> Iterator[set[str]]:
    """The live topics that were announced within the block."""
    topics: set[str] = set()
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        yield topics
        listener.execute("SELECT 1")  # with its answer comes what was announced before, however late that is
        for notice in listener.notifies(timeout=0.2):
            topics.update(json.loads(notice.payload))


def _company_of(server: Server) -> int:
    with unit_of_work() as unit:
        return unit.exec(select(Service.company_id).where(Service.id == server.service_id)).one()


def test_state_is_kept_and_only_a_change_goes_to_the_fleet(portal: str, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    own, lists = f"server:{server.id}", {"fleet", f"company:{_company_of(server)}:servers"}
    with _heard(portal) as topics:
        power_sweep.run()
    assert topics == {own} | lists
    first = server_of(server)
    assert (first.power, first.bmc_error_code) == ("on", None)
    with _heard(portal) as topics:
        power_sweep.run()
    # The server's own page shows when it was last verified; no list does.
    assert topics == {own}
    assert server_of(server).power_verified_at > first.power_verified_at
    machine.switch(PowerState.OFF)
    with _heard(portal) as topics:
        power_sweep.run()
    assert topics == {own} | lists
    assert server_of(server).power == "off"
    assert machine.commands() == []


def test_one_lost_answer_is_nothing_two_in_a_row_are_unknown(portal: str, start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    power_sweep.run()
    verified_at = server_of(server).power_verified_at
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).username = "nobody"
    power_sweep.run()
    once = server_of(server)
    assert (once.power, once.bmc_error_code) == ("on", "bmc_user_unknown")
    with _heard(portal) as topics:
        power_sweep.run()
    twice = server_of(server)
    assert (twice.power, twice.bmc_error_code, twice.bmc_failed_at) == (
        "unknown",
        "bmc_user_unknown",
        once.bmc_failed_at,
    )
    assert twice.power_verified_at == verified_at
    assert "fleet" in topics
    with _heard(portal) as topics:
        power_sweep.run()
    assert topics == set()
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).username = machine.endpoint.username
    with _heard(portal) as topics:
        power_sweep.run()
    row = server_of(server)
    assert (row.power, row.bmc_error_code, row.bmc_failed_at) == ("on", None, None)
    assert "fleet" in topics


def test_failure_between_two_answers_is_forgotten(start_bmc: StartBmc) -> None:
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    for name in ("nobody", machine.endpoint.username) * 2:
        with unit_of_work() as unit:
            unit.get_one(Bmc, server.id).username = name
        power_sweep.run()
        assert server_of(server).power == ("unknown" if server_of(server).power_verified_at is None else "on")


def test_one_bad_record_does_not_blind_the_fleet(start_bmc: StartBmc) -> None:
    good = rent_server(start_bmc().endpoint)
    bad = {
        "bmc_misconfigured": [
            {"host": "bmc.example"},
            {"username": "a name of more than 16 bytes"},
            {"password": b"sealed with a lost key"},
            {"cipher_suite": 0},
        ],
        "bmc_outside_networks": [{"host": "192.0.2.9"}],
    }
    expected: dict[int | None, str] = {}
    for code, changes in bad.items():
        for change in changes:
            server = rent_server()
            expected[server.id] = code
            with unit_of_work() as unit:
                row = unit.get_one(Bmc, server.id)
                for name, value in change.items():
                    setattr(row, name, value)
    power_sweep.run()
    with unit_of_work() as unit:
        rows = unit.exec(select(Server).where(col(Server.id).in_(expected))).all()
    assert {row.id: row.bmc_error_code for row in rows} == expected
    assert server_of(good).power == "on"


def test_silent_bmc_costs_only_its_own_answer(start_bmc: StartBmc) -> None:
    silent, good = start_bmc(), start_bmc(is_on=False)
    silent.fall_silent()
    servers = [rent_server(machine.endpoint) for machine in (silent, good)]
    power_sweep.run()
    assert [server_of(s).bmc_error_code for s in servers] == ["bmc_unreachable", None]
    assert server_of(servers[1]).power == "off"


def _begin(server: Server) -> claims.Claim:
    job_id = click(server)
    with unit_of_work() as unit:
        claim = claims.claim(unit, job_id, worker="test")
    assert claim is not None
    return claim


def test_server_that_a_job_holds_is_left_alone(start_bmc: StartBmc) -> None:
    server = rent_server(start_bmc().endpoint)
    before = server_of(server).model_dump(exclude={"service_id"})
    claim = _begin(server)
    power_sweep.run()
    after = server_of(server)
    assert (after.power, after.power_verified_at) == (before["power"], before["power_verified_at"])
    assert after.lease_job_id == claim.job_id


@pytest.mark.parametrize("is_over", [False, True], ids=["job runs", "job is over"])
def test_answer_older_than_a_job_is_discarded(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, is_over: bool
) -> None:
    """The BMC was asked before the job acted and its answer comes after: it must not undo what was seen."""
    machine = start_bmc()
    server = rent_server(machine.endpoint)
    real = bmc.sweep_power

    def slow(endpoints: dict[int, bmc.Endpoint]) -> dict[int, bmc.PowerState | bmc.BmcError]:
        answers = real(endpoints)
        claim = _begin(server)
        with unit_of_work() as unit:
            claims.keep_power(unit, claim, Power.OFF)
            if is_over:
                claims.finish(unit, claim, claims.JobStatus.SUCCEEDED, outcome_code="verified")
        return answers

    monkeypatch.setattr(bmc, "sweep_power", slow)
    power_sweep.run()
    assert server_of(server).power == "off"


def test_failure_older_than_a_job_is_discarded_too(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = rent_server(start_bmc().endpoint)
    with unit_of_work() as unit:
        unit.get_one(Server, server.id).bmc_failed_at = utcnow() - dt.timedelta(minutes=1)

    def slow(endpoints: dict[int, bmc.Endpoint]) -> dict[int, bmc.BmcError]:
        claim = _begin(server)
        with unit_of_work() as unit:
            claims.keep_power(unit, claim, Power.ON)
        return {key: bmc.BmcUnreachable() for key in endpoints}

    monkeypatch.setattr(bmc, "sweep_power", slow)
    power_sweep.run()
    row = server_of(server)
    assert (row.power, row.bmc_error_code, row.bmc_failed_at) == ("on", None, None)


def test_without_the_fence_check_the_old_answer_wins(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault that shows that the tests above can fail."""
    server = rent_server(start_bmc().endpoint)
    real = bmc.sweep_power

    def slow(endpoints: dict[int, bmc.Endpoint]) -> dict[int, bmc.PowerState | bmc.BmcError]:
        answers = real(endpoints)
        claim = _begin(server)
        with unit_of_work() as unit:
            claims.keep_power(unit, claim, Power.OFF)
            claims.finish(unit, claim, claims.JobStatus.SUCCEEDED, outcome_code="verified")
            unit.get_one(Server, server.id).lease_fence -= 1  # a claim that did not raise the fence
        return answers

    monkeypatch.setattr(bmc, "sweep_power", slow)
    power_sweep.run()
    assert server_of(server).power == "on"
