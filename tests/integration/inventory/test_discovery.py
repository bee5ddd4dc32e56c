"""Searching a management network by its job: real BMCs found there, bounds kept, one search at a time."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import discovery, intake
from opsportal.domain.inventory.discovery import MAX_DOORS, addresses_of, ports_of
from opsportal.domain.inventory.intake import Arrival
from opsportal.domain.inventory.refusals import (
    PortsUnusable,
    RangeTooLarge,
    RangeUnusable,
    SweepUnderWay,
)
from opsportal.domain.refusals import Forbidden
from opsportal.models import Bmc, BmcSweep, Outbox, Role
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.bmc.ipmi_sim import StartBmc
from tests.bmc.redfish_service import RedfishService
from tests.builders import make_actor, make_company
from workers import discovery as worker

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "patience_s", 60.0)  # all of them answer, or say that nobody is there


def ask(actor: Actor, where: str, ipmi: str = "623", redfish: str = "443") -> BmcSweep:
    with unit_of_work() as unit:
        return discovery.ask(unit, actor, where=where, ipmi_ports=ipmi, redfish_ports=redfish)


def search(actor: Actor, where: str, ipmi: str = "", redfish: str = "") -> BmcSweep:
    """Ask for a search and carry it out, as a worker does."""
    asked = ask(actor, where, ipmi, redfish)
    with unit_of_work() as unit:
        assert asked.id in unit.exec(select(Outbox.ref).where(col(Outbox.task) == "bmc_sweep")).all()
    worker.run(asked.id or 0)
    with unit_of_work() as unit:
        return unit.get_one(BmcSweep, asked.id)


def seen(actor: Actor, sweep: BmcSweep) -> list[tuple[str, int, str, int | None]]:
    with unit_of_work() as unit:
        found = discovery.list_seen(actor, unit, sweep.id or 0)
    return [(one.sighting.host, one.sighting.port, one.sighting.kind, one.server_id) for one in found]


def test_bmcs_that_nobody_has_written_down_are_found(start_bmc: StartBmc, tmp_path: Path) -> None:
    """A real ipmi_sim and a Redfish service; one click later the intake has them on record."""
    actor = make_actor(role=Role.TECHNICIAN)
    ipmi = start_bmc().endpoint
    with RedfishService(tmp_path) as service:
        ports = str(ipmi.port), str(service.endpoint.port)
        sweep = search(actor, f"{ipmi.host}-127.0.0.2", *ports)
    assert (sweep.doors, sweep.knocked, sweep.finished_at is not None, sweep.error_code) == (4, 4, True, "")
    assert sweep.actor_name == actor.name
    places = [(ipmi.host, ipmi.port, "ipmi"), (ipmi.host, service.endpoint.port, "redfish")]
    assert [one[:3] for one in seen(actor, sweep)] == sorted(places, key=lambda place: place[1])
    assert {one[3] for one in seen(actor, sweep)} == {None}
    with unit_of_work() as unit:
        by_kind = {one.sighting.kind: one.sighting for one in discovery.list_seen(actor, unit, sweep.id or 0)}
        assert by_kind["ipmi"].facts["suite_zero"] is True
        assert by_kind["redfish"].fingerprint == service.certificate.fingerprint
        server = intake.take_in(
            unit, actor,
            Arrival(
                "stock-1", "52:54:00:00:00:01", ipmi.host, "ADMIN", "ADMIN", ipmi.port,
                driver=by_kind["ipmi"].kind,
            ),
        )  # fmt: skip
    assert (ipmi.host, ipmi.port, "ipmi", server.id) in seen(actor, sweep)


@pytest.mark.parametrize(
    ("where", "count", "ends"),
    [
        ("127.0.0.5", 1, ("127.0.0.5", "127.0.0.5")),
        (" 127.0.0.5 - 127.0.0.9", 5, ("127.0.0.5", "127.0.0.9")),
        ("127.0.1.0/24", 254, ("127.0.1.1", "127.0.1.254")),
        ("127.0.1.7/31", 2, ("127.0.1.6", "127.0.1.7")),
    ],
)
def test_ranges_as_people_write_them(where: str, count: int, ends: tuple[str, str]) -> None:
    found = addresses_of(where)
    assert (len(found), (str(found[0]), str(found[-1]))) == (count, ends)


@pytest.mark.parametrize(
    ("where", "refusal"),
    [
        ("", RangeUnusable),
        ("localhost", RangeUnusable),
        ("127.0.0.5" + " " * 100 + "-127.0.0.99", RangeUnusable),  # cut, it would be another range
        ("8.8.8.8", RangeUnusable),
        ("126.255.255.250-127.0.0.5", RangeUnusable),
        ("127.0.0.9-127.0.0.5", RangeUnusable),
        ("127.0.0.1-::1", RangeUnusable),
        ("127.0.0.0/8", RangeTooLarge),
        ("::/0", RangeTooLarge),
    ],
)
def test_what_lies_outside_is_not_searched(where: str, refusal: type[Exception]) -> None:
    actor = make_actor(role=Role.TECHNICIAN)
    with pytest.raises(refusal):
        ask(actor, where)
    with unit_of_work() as unit:
        assert unit.exec(select(BmcSweep)).all() == []


def test_ports_are_few_and_real() -> None:
    assert ports_of("623, 6230-6232,623") == [623, 6230, 6231, 6232]
    for text in ("0", "70000", "5-1", "http", "1-65", "1-60,100-120"):
        with pytest.raises(PortsUnusable):
            ports_of(text)
    with pytest.raises(PortsUnusable):
        ask(make_actor(role=Role.TECHNICIAN), "127.0.0.1", "", "")
    with pytest.raises(RangeTooLarge):
        ask(make_actor(role=Role.TECHNICIAN), "127.0.0.0-127.0.3.255", "623", "443")
    assert MAX_DOORS == 1_024


def test_one_search_at_a_time_and_a_lost_one_makes_room() -> None:
    actor = make_actor(role=Role.TECHNICIAN)
    lost = ask(actor, "127.0.0.9")
    with pytest.raises(SweepUnderWay):
        ask(actor, "127.0.0.9")
    with unit_of_work() as unit:
        unit.execute(update(BmcSweep).values(asked_at=utcnow() - dt.timedelta(minutes=11)))
    ask(actor, "127.0.0.9")
    with unit_of_work() as unit:
        assert unit.get_one(BmcSweep, lost.id).error_code == "worker_lost"
    worker.run(lost.id or 0)  # it wakes up after all
    with unit_of_work() as unit:
        assert unit.get_one(BmcSweep, lost.id).knocked == 0


def test_range_that_is_no_longer_permitted_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    actor = make_actor(role=Role.TECHNICIAN)
    asked = ask(actor, "127.0.0.9")
    monkeypatch.setenv("BMC_NETWORKS", "10.0.0.0/8")
    settings.cache_clear()
    monkeypatch.setattr(worker, "knock", None)  # nobody is asked
    worker.run(asked.id or 0)
    with unit_of_work() as unit:
        assert unit.get_one(BmcSweep, asked.id).error_code == "outside_networks"


def test_clients_search_nothing() -> None:
    with pytest.raises(Forbidden):
        ask(make_actor(company=make_company()), "127.0.0.9")
    with unit_of_work() as unit:
        assert unit.exec(select(Bmc)).all() == []
