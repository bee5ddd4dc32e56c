"""Anything is found by what stands on it, by those who may see it, and without reading whole tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import pytest
from sqlalchemy import event, text

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import orders, parts, search
from opsportal.models import (
    BmcSighting,
    BmcSweep,
    Cleaning,
    CleaningKind,
    JobStatus,
    PartKind,
    ReverseRecord,
    ReverseStatus,
    Role,
    Server,
    Service,
)
from opsportal.models.base import utcnow
from opsportal.state import shell
from opsportal.state.inventory.arrivals import Chosen, read_arrivals
from opsportal.state.server_history import Chosen as ChosenJob
from opsportal.state.server_history import read_history
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port, make_switch
from tests.doors.world import make_job
from tests.integration.network.networks import assign, make_prefix

pytestmark = pytest.mark.usefixtures("portal")
Found = list[tuple[str, str, str]]
EVERYTHING = (
    "db-server-7", "s42", "52-54-00-aa", "203.0.113.9", "2001:db8::7", "#17", "kyiv-db.example", "zx99", "ssd pm9",
    "a01", "prague", "po-77", "192.0.2.", "leaf-3", "ge-0/0/7", "leaf-3 ge-0/0/7",
)  # fmt: skip
SMALL = {"site", "rack", "switch", "prefix", "hardware_order", "bmc_sweep", "plan"}
"""Of these a data centre has hundreds: reading all of them takes no time."""


@dataclass
class Hall:
    staff: Actor
    client: Actor
    stranger: Actor
    server: Server
    job: int
    order: int
    sweep: int
    switch: int


@pytest.fixture
def hall() -> Hall:
    """A server of a client with everything that belongs to it, and what is on its way."""
    company, staff = make_company(), make_actor(role=Role.TECHNICIAN)
    server = make_server(
        make_service(company, name="db"), name="kyiv-db-07", mac="52:54:00:aa:bb:07", ip=None
    )
    address = assign(server, make_prefix("192.0.2.0/24"), "192.0.2.7")
    port = make_port(server, switch=make_switch(name="leaf-3"), if_name="ge-0/0/7")
    job = make_job(server, status=JobStatus.SUCCEEDED, company_id=company.id)
    with unit_of_work() as unit:
        name = {"ip": ip_address("192.0.2.7"), "address_id": address.id, "name": "mail.kyiv.example"}
        unit.add(ReverseRecord(**name, status=ReverseStatus.VISIBLE))
        order = orders.enter(unit, staff, ref="PO-77", machines=2, parts="1 disk PM9A3")
        unit.add(
            Cleaning(server_id=server.id, kind=CleaningKind.INTAKE, order_ref="PO-77", started_by="Marek")
        )
        sweep = BmcSweep(asked_for="10.20.0.0/24", doors=1, finished_at=utcnow(), actor_id=staff.person_id,
                         actor_name="Marek")  # fmt: skip
        unit.add(sweep)
        unit.flush()
        facts = {"vendor": "Supermicro"}
        unit.add(BmcSighting(sweep_id=sweep.id, host="10.20.0.9", port=623, kind="ipmi", facts=facts))
        parts.add_spare(unit, staff, kind=PartKind.DISK, serial="ZX99-1", model="PM9A3 960 GB")
    return Hall(
        staff, make_actor(company=company), make_actor(company=make_company()), server, job.id or 0,
        order.id or 0, sweep.id or 0, port.switch_id,
    )  # fmt: skip


def found(actor: Actor, typed: str) -> Found:
    with unit_of_work() as unit:
        return [(hit.kind, hit.label, hit.path) for hit in search.find(actor, unit, typed)]


def test_staff_finds_what_is_there_and_what_is_on_its_way(hall: Hall) -> None:
    page, switch = f"/servers/{hall.server.id}", f"/pollers?switch={hall.switch}"
    machine, cable = ("server", "kyiv-db-07", page), ("cable", "leaf-3 ge-0/0/7", switch)
    prefix = ("prefix", "192.0.2.0/24", "/network?prefix=")
    for typed, wanted in {
        "Kyiv-DB": [machine, cable],
        "52-54-00-AA-BB-07": [machine, cable],
        "192.0.2.7": [machine, cable, prefix],
        f"#{hall.job}": [("job", f"#{hall.job}", f"{page}?tab=history&job={hall.job}")],
        "Mail.Kyiv": [("address", "mail.kyiv.example", f"{page}?tab=network")],
        "po-7": [("order", "PO-77", f"/arrivals?order={hall.order}"), ("server", "kyiv-db-07", f"/stock/{hall.server.id}")],
        "10.20.0.9": [("bmc", "10.20.0.9:623", f"/arrivals?search={hall.sweep}")],
        "pm9a3": [("part", "ZX99-1", "/parts?q=ZX99-1")],
        "leaf-3  GE-0/0": [("port", "leaf-3 ge-0/0/7", switch)],
    }.items():  # fmt: skip
        hits = found(hall.staff, typed)
        assert [(kind, label, path.rstrip("0123456789")) if kind == "prefix" else (kind, label, path)
                for kind, label, path in hits] == wanted, typed  # fmt: skip


def test_a_client_finds_what_is_theirs(hall: Hall) -> None:
    page = f"/servers/{hall.server.id}"
    for typed, wanted in {
        "kyiv-db": [("server", "kyiv-db-07", page)],
        "52:54:00:aa:bb:07": [("server", "kyiv-db-07", page)],
        "192.0.2.7": [("server", "kyiv-db-07", page)],
        f"s{hall.server.id}": [("server", "kyiv-db-07", page)],
        "mail.kyiv": [("address", "mail.kyiv.example", f"{page}?tab=network")],
        f"#{hall.job}": [("job", f"#{hall.job}", f"{page}?tab=history&job={hall.job}")],
        "po-77": [], "10.20.0.9": [], "zx99": [], "pm9a3": [], "leaf-3": [], "ge-0/0/7": [], "prague": [], "db": [],
    }.items():  # fmt: skip
        assert found(hall.client, typed) == wanted, typed
        assert found(hall.stranger, typed) == [], typed


def test_a_clients_service_is_not_listed_beside_its_machine(hall: Hall) -> None:
    service = f"/services/{hall.server.service_id}"
    with unit_of_work() as unit:
        unit.get_one(Service, hall.server.service_id).name = "rented-kyiv-db"
    for typed, wanted in (("kyiv-db", [f"/servers/{hall.server.id}"]), ("nted-ky", [service])):
        with unit_of_work() as unit:
            assert [hit.href for hit in shell._find(unit, hall.client, typed)] == wanted


def test_a_former_tenant_finds_nothing_any_more(hall: Hall) -> None:
    with unit_of_work() as unit:
        unit.get_one(Server, hall.server.id).service_id = None
    for typed in ("kyiv-db", "192.0.2.7", "mail.kyiv", f"#{hall.job}"):
        assert found(hall.client, typed) == [], typed


def test_what_is_found_is_shown_however_old(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = make_job(hall.server, status=JobStatus.FAILED, company_id=hall.client.company_id).id
    monkeypatch.setattr(orders, "SHOWN", 1)
    with unit_of_work() as unit:
        orders.enter(unit, hall.staff, ref="PO-78", machines=1, parts="1 disk PM9A3")
    with unit_of_work() as unit:
        number = hall.server.id or 0
        for chosen, wanted in ((0, [newer, hall.job]), (hall.job, [hall.job, newer])):
            shown = read_history(unit, hall.client, ChosenJob(number, chosen))
            assert ([job.id for job in shown.jobs], shown.job_id) == (wanted, chosen)
        for looked_for, ref in ((0, "PO-78"), (hall.order, "PO-77")):
            assert [one.ref for one in read_arrivals(unit, hall.staff, Chosen(0, looked_for)).orders] == [ref]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _are_read_whole(unit: Unit, statement: str, values: Any) -> Iterator[str]:
    """The tables, of those that are too large for it, in which PostgreSQL would look at every row."""
    explained = unit.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
    for node in _nodes(explained[0]["Plan"]):
        is_narrowed = "Index Cond" in node or "Recheck Cond" in node
        if "Relation Name" in node and not is_narrowed and node["Relation Name"] not in SMALL:
            yield f"{node['Relation Name']}: {statement}"


@pytest.mark.parametrize("role", [Role.CLIENT, Role.OPERATOR])
def test_every_question_is_answered_by_an_index(role: Role) -> None:
    actor = make_actor(role=role, company=make_company() if role is Role.CLIENT else None)
    asked: dict[str, Any] = {}

    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        asked.setdefault(statement, values)

    with unit_of_work() as unit:
        event.listen(unit.connection(), "before_cursor_execute", note)
        for typed in EVERYTHING:
            search.find(actor, unit, typed)
        event.remove(unit.connection(), "before_cursor_execute", note)
        unit.execute(text("SET LOCAL cpu_tuple_cost = 100"))  # as if the tables were large
        for way in ("seqscan", "hashjoin", "mergejoin"):
            unit.execute(text(f"SET LOCAL enable_{way} = off"))
        assert [one for pair in asked.items() for one in _are_read_whole(unit, *pair)] == []
    assert len(asked) > (6 if role is Role.CLIENT else 20)
