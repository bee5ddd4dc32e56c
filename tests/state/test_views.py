"""What is read for a page, and for every push: each view authorises by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import pkgutil
import typing
from typing import Any

import pytest
from sqlmodel import col, select

import opsportal.state
from opsportal.db import engine, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing.invoice_lists import InvoiceFilter
from opsportal.domain.billing.transactions import TransactionFilter
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.hardware.standing import LATE_QUEUED
from opsportal.domain.hardware.takeover import take_over
from opsportal.domain.inventory import places
from opsportal.domain.inventory.parts import PartFilter
from opsportal.domain.mail.lists import MailFilter
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.domain.support.desk import DeskFilter
from opsportal.domain.support.lists import TicketFilter
from opsportal.domain.support.tickets import NewTicket, open_ticket
from opsportal.integrations import queue_watch
from opsportal.live.feed import Watch
from opsportal.models import Company, HardwareJob, Mail, Role
from opsportal.state.inventory.arrivals import Chosen as ChosenArrivals
from opsportal.state.queues import Chosen
from opsportal.state.server_history import Chosen as ChosenJob
from opsportal.state.showing import StateView
from tests.builders import make_actor, make_company, make_person, make_server, make_service, make_session
from tests.doors.stock import make_rack
from tests.doors.world import MISSING, make_job
from tests.integration.billing.money import bill

pytestmark = pytest.mark.usefixtures("portal")


def all_views() -> dict[str, StateView]:
    """Of every area, also those in packages of their own. Two of the same name could not be told apart."""
    found: dict[str, StateView] = {}
    for module in pkgutil.walk_packages(opsportal.state.__path__, "opsportal.state."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, StateView):
                assert found.setdefault(value.name, value) is value, value.name
    return found


VIEWS = all_views()
SEEN_BY = {
    "me": {"client", "operator", "technician"},
    "counters": {"client", "operator", "technician"},
    "support": {"client", "operator", "technician"},
    "account": {"client", "operator", "technician"},
    "server": {"client", "operator", "technician"},
    "server_history": {"client", "operator", "technician"},
    "server_health": {"client", "operator", "technician"},
    "server_block": {"client", "operator", "technician"},
    "server_details": {"client", "operator", "technician"},
    "reinstall": {"client", "operator", "technician"},
    "consoles": {"client", "operator", "technician"},
    "serial": {"client", "operator", "technician"},
    "dashboard": {"client", "operator"},
    "services": {"client", "operator"},
    "service": {"client", "operator"},
    "contract": {"client", "operator", "technician"},  # of a server; empty but for operators
    "service_history": {"client", "operator", "technician"},  # of a server; empty for technicians
    "queues": {"operator", "technician"},
    "fleet": {"operator", "technician"},
    "racks": {"operator", "technician"},
    "rack": {"operator", "technician"},
    "parts": {"operator", "technician"},
    "firmware": {"operator", "technician"},
    "stock": {"operator", "technician"},
    "arrivals": {"operator", "technician"},
    "machine": {"operator", "technician"},
    "aisle": {"operator", "technician"},
    "labels": {"operator", "technician"},
    "companies": {"operator"},
    "company": {"client", "operator"},  # a client's own, though no page of clients shows it
    "audit": {"operator"},
    "tickets": {"client"},
    "new_ticket": {"client"},
    "ticket": {"client"},
    "open_tickets": {"client"},
    "desk": {"operator", "technician"},
    "desk_ticket": {"operator", "technician"},
    "desk_client": {"operator", "technician"},
    "mails": {"operator"},
    "mail": {"operator"},
    "graph": {"client", "operator", "technician"},
    "cycle": {"client", "operator", "technician"},
    "traffic_today": {"client", "operator", "technician"},
    "pollers": {"operator", "technician"},
    "plans": {"operator"},
    "network": {"client", "operator", "technician"},
    "prefixes": {"operator", "technician"},
    "strip": {"client", "operator", "technician"},
    "cost": {"client"},
    "newest_jobs": {"client", "operator"},
    "latest_invoices": {"client", "operator"},
    "invoices": {"client", "operator"},
    "invoice": {"client", "operator"},
    "transactions": {"client", "operator"},
    "funds": {"client"},
    "runs": {"operator"},
    "gateway": {"operator"},
    "company_money": {"operator"},
}
"""Whoever makes a view says here who may see it, and in `params` what of company A is asked for."""
OF_ONE = {
    "contract",
    "cycle",
    "server_health",
    "server_block",
    "server_details",
    "network",
    "server",
    "server_history",
    "reinstall",
    "consoles",
    "serial",
    "graph",
    "service",
    "service_history",
    "company",
    "ticket",
    "desk_ticket",
    "desk_client",
    "mail",
    "invoice",
}
OF_ONESELF = {"me", "account", "support"}
"""Shows staff, too, nothing of any company."""


@dataclasses.dataclass
class World:
    """Company A with something of everything, and its names, which nobody else may read."""

    server: int
    service: int
    company: int
    ticket: int
    mail: int
    invoice: int
    names: list[str]


@pytest.fixture
def a() -> World:
    return make_world()


def make_world() -> World:
    company = make_company(name="Aardvark Freight")
    person = make_person(company=company, name="Aaron Aardvark", email="aaron@aardvark.example")
    make_session(person)
    service = make_service(company, name="aardvark-node")
    server = make_server(service, name="aardvark-metal", ip="203.0.113.77")
    from opsportal.models import JobStatus

    make_job(server, status=JobStatus.QUEUED, company_id=company.id)
    rack, staff = make_rack(), make_actor(role=Role.TECHNICIAN)
    with unit_of_work() as unit:
        places.place_server(unit, staff, server.id or 0, rack_id=rack, bottom_u=1)
        new = NewTicket("technical", "Aardvark down", "It is down.", "normal", service.id)
        ticket = open_ticket(unit, make_actor(person), new)
        unit.flush()
        mail = unit.exec(select(Mail).where(col(Mail.company_id) == company.id)).first()
    assert mail is not None
    names = ["ardvark", "203.0.113.77", "aaron@"]
    ids = (server.id, service.id, company.id, ticket.id, mail.id, bill(company, 1_000).id)
    return World(*(number or 0 for number in ids), names)


def _rack_of(server_id: int) -> int:
    """The rack in which the server stands."""
    with unit_of_work() as unit:
        place = places.find_position(unit, server_id)
        return (place[1].id or MISSING) if place else MISSING


def params(view: StateView, a: World) -> Any:
    return {
        "server": a.server,
        "server_history": ChosenJob(a.server),
        "server_health": a.server,
        "server_block": a.server,
        "server_details": a.server,
        "reinstall": a.server,
        "consoles": a.server,
        "serial": a.server,
        "service": a.service,
        "contract": ("server", a.server),
        "service_history": ("server", a.server),
        "company": (a.company, 1),
        "services": ServiceFilter(),
        "queues": Chosen(),
        "fleet": ("", "", "", 1),
        "rack": _rack_of(a.server),
        "parts": PartFilter(),
        "stock": "",
        "arrivals": ChosenArrivals(),
        "machine": a.server,
        "aisle": str(a.server),
        "labels": (0, 0, 1),
        "companies": "",
        "audit": (0, ""),
        "tickets": TicketFilter(),
        "new_ticket": a.service,
        "ticket": (a.ticket, 0),
        "desk": DeskFilter(),
        "desk_ticket": (a.ticket, 0),
        "desk_client": (a.ticket, a.company, a.server),
        "mails": MailFilter(),
        "mail": a.mail,
        "invoices": InvoiceFilter(),
        "invoice": a.invoice,
        "transactions": TransactionFilter(),
        "company_money": a.company,
        "graph": (a.server, "day"),
        "cycle": a.server,
        "pollers": 0,
        "network": a.server,
        "prefixes": 0,
    }.get(view.name)


def load(view: StateView, actor: Actor, wanted: Any) -> Any:
    """As the feed does it: on behalf of everybody who sees the same."""
    watch = Watch.make(view, actor, wanted)
    return asyncio.run(watch.view.load(watch.actor, watch.params))


def test_every_view_is_declared_here() -> None:
    assert set(VIEWS) == set(SEEN_BY)


@pytest.mark.parametrize("name", SEEN_BY)
def test_a_stranger_reads_nothing_of_company_a(name: str, a: World) -> None:
    for role in Role:
        _reads_nothing_of(a, name, role)


def _reads_nothing_of(a: World, name: str, role: Role) -> None:
    view, actor = VIEWS[name], make_actor(role=role)
    if role not in SEEN_BY[name]:
        with pytest.raises((Forbidden, NotFound)):
            load(view, actor, params(view, a))
    elif role is Role.CLIENT and name in OF_ONE:
        with pytest.raises(NotFound):
            load(view, actor, params(view, a))
    elif role is Role.CLIENT or name in OF_ONESELF:
        shown = json.dumps(dataclasses.asdict(load(view, actor, params(view, a))))
        assert [word for word in a.names if word in shown] == [], role
    else:
        load(view, actor, params(view, a))


@pytest.mark.parametrize("name", sorted(OF_ONE))
def test_what_does_not_exist_looks_the_same(name: str, a: World) -> None:
    view, actor = VIEWS[name], make_actor()
    nothing = World(*[MISSING] * 6, [])
    refusals = []
    for wanted in (params(view, a), params(view, nothing)):
        with pytest.raises(Refusal) as refused:
            load(view, actor, wanted)
        refusals.append((type(refused.value), refused.value.params))
    assert refusals[0] == refusals[1]


def test_no_transaction_waits_for_redis(a: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def look() -> queue_watch.Seen:
        held.append(engine().pool.checkedout())  # type: ignore[attr-defined]
        return queue_watch.Seen(is_away=True)

    view = dataclasses.replace(VIEWS["queues"], look=look)
    assert load(view, make_actor(role=Role.OPERATOR), params(view, a)).is_redis_away
    assert held == [0]


def test_forgotten_check_is_noticed(a: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted hole: the server is handed out without asking whose it is."""
    from opsportal.domain.hardware import looking
    from opsportal.models import Server, Service
    from opsportal.state import server as module

    def careless(actor: Actor, unit: Any, server_id: int, **_: Any) -> Any:
        server = unit.get_one(Server, server_id)
        return server, unit.get(Service, server.service_id)

    for careful in (module, module.fleet, looking):
        monkeypatch.setattr(careful, "access_server_for", careless)
    with pytest.raises(pytest.fail.Exception):
        _reads_nothing_of(a, "server", Role.CLIENT)


@pytest.mark.parametrize("role", [Role.CLIENT, Role.OPERATOR, Role.TECHNICIAN])
def test_what_differs_from_person_to_person_is_read_for_each(role: Role, a: World) -> None:
    """The feed reads other views once for everybody of a role and company. Here somebody's hands hold a job."""
    staff = make_actor(role=Role.OPERATOR if role is Role.CLIENT else role)
    with unit_of_work() as unit:
        (job,) = unit.exec(select(HardwareJob).where(col(HardwareJob.server_id) == a.server)).all()
        job.created_at -= LATE_QUEUED * 2
        take_over(unit, staff, job.id or 0)
        company = unit.get_one(Company, a.company)
    actor = make_actor(company=company) if role is Role.CLIENT else staff
    timeless = OF_ONE - {"graph", "cycle"} | {"queues", "fleet", "rack", "racks", "stock", "machine", "aisle"}
    for name in sorted(timeless):
        view = VIEWS[name]
        if role in SEEN_BY[name] and not view.is_personal:
            own = asyncio.run(view.load(actor, params(view, a)))
            assert own == load(view, actor, params(view, a)), name


def test_views_do_not_overwrite_each_other() -> None:
    """They arrive together, in no order: each has a var, and a var for its problem, of its own."""
    places = [(view.state, var) for view in VIEWS.values() for var in (view.var, view.problem_var)]
    assert len(set(places)) == len(places)


def test_all_services_of_a_company_can_be_reached() -> None:
    company, operator = make_company(), make_actor(role=Role.OPERATOR)
    made = {make_service(company).name for _ in range(26)}
    found = [load(VIEWS["company"], operator, (company.id, page)) for page in (1, 2)]
    assert [(view.page, view.pages, view.service_total) for view in found] == [(1, 2, 26), (2, 2, 26)]
    assert {service.name for view in found for service in view.services} == made


def test_data_goes_away_with_the_right_to_see_it() -> None:
    for name, view in VIEWS.items():
        told = view.refused(NotFound())
        assert set(told) == {view.var, view.problem_var}, name
        assert told[view.problem_var].code == "not_found", name
        empty = typing.get_type_hints(view.state)[view.var]
        assert told[view.var] == empty(), name  # of the type that the page expects
    assert view.vars("x") == {view.var: "x", view.problem_var: type(told[view.problem_var])()}
