"""What is read for a page, and for every push: each view authorises by itself."""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
from typing import Any

import pytest

import opsportal.state
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.catalog.services import ServiceFilter
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.live.feed import Watch
from opsportal.models import Role
from opsportal.state.showing import StateView
from tests.builders import make_actor, make_company, make_person, make_server, make_service, make_session
from tests.doors.world import MISSING, make_job

pytestmark = pytest.mark.usefixtures("portal")


def all_views() -> dict[str, StateView]:
    found = {}
    for module in pkgutil.iter_modules(opsportal.state.__path__, "opsportal.state."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, StateView):
                found[value.name] = value
    return found


VIEWS = all_views()
SEEN_BY = {
    "me": {"client", "operator", "technician"},
    "counters": {"client", "operator", "technician"},
    "support": {"client", "operator", "technician"},
    "account": {"client", "operator", "technician"},
    "server": {"client", "operator", "technician"},
    "dashboard": {"client", "operator"},
    "services": {"client", "operator"},
    "service": {"client", "operator"},
    "queues": {"operator", "technician"},
    "fleet": {"operator", "technician"},
    "companies": {"operator"},
    "company": {"client", "operator"},  # a client's own, though no page of clients shows it
    "audit": {"operator"},
}
OF_ONE = {"server", "service", "company"}


@dataclasses.dataclass
class World:
    """Company A with something of everything, and its names, which nobody else may read."""

    server: int
    service: int
    company: int
    names: list[str]


@pytest.fixture
def a() -> World:
    company = make_company(name="Aardvark Freight")
    person = make_person(company=company, name="Aaron Aardvark", email="aaron@aardvark.example")
    make_session(person)
    service = make_service(company, name="aardvark-node")
    server = make_server(service, name="aardvark-metal", ip="203.0.113.77")
    from opsportal.models import JobStatus

    make_job(server, status=JobStatus.QUEUED, company_id=company.id)
    names = ["ardvark", "203.0.113.77", "aaron@"]
    return World(server.id or 0, service.id or 0, company.id or 0, names)


def params(view: StateView, a: World) -> Any:
    return {
        "server": a.server,
        "service": a.service,
        "company": a.company,
        "services": ServiceFilter(),
        "queues": "",
        "fleet": ("", "", 1),
        "companies": "",
        "audit": (0, ""),
    }.get(view.name)


def load(view: StateView, actor: Actor, wanted: Any) -> Any:
    """As the feed does it: on behalf of everybody who sees the same."""
    watch = Watch.make(view, actor, wanted)
    with unit_of_work() as unit:
        return watch.view.load(unit, watch.actor, watch.params)


def test_every_view_is_declared_here() -> None:
    assert set(VIEWS) == set(SEEN_BY)


@pytest.mark.parametrize("name", SEEN_BY)
@pytest.mark.parametrize("role", list(Role))
def test_a_stranger_reads_nothing_of_company_a(name: str, role: Role, a: World) -> None:
    view, actor = VIEWS[name], make_actor(role=role)
    if role not in SEEN_BY[name]:
        with pytest.raises(Forbidden):
            load(view, actor, params(view, a))
    elif role is Role.CLIENT and name in OF_ONE:
        with pytest.raises(NotFound):
            load(view, actor, params(view, a))
    elif role is Role.CLIENT or view.is_personal:
        shown = json.dumps(dataclasses.asdict(load(view, actor, params(view, a))))
        assert [word for word in a.names if word in shown] == []
    else:
        load(view, actor, params(view, a))


@pytest.mark.parametrize("name", sorted(OF_ONE))
def test_what_does_not_exist_looks_the_same(name: str, a: World) -> None:
    view, actor = VIEWS[name], make_actor()
    refusals = []
    for wanted in (params(view, a), MISSING):
        with pytest.raises(Refusal) as refused:
            load(view, actor, wanted)
        refusals.append((type(refused.value), refused.value.params))
    assert refusals[0] == refusals[1]


def test_forgotten_check_is_noticed(a: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted hole: the server is handed out without asking whose it is."""
    from opsportal.models import Server, Service
    from opsportal.state import server as module

    def careless(actor: Actor, unit: Any, server_id: int, **_: Any) -> Any:
        server = unit.get_one(Server, server_id)
        return server, unit.get(Service, server.service_id)

    monkeypatch.setattr(module, "access_server_for", careless)
    monkeypatch.setattr(module.fleet, "access_server_for", careless)
    with pytest.raises(pytest.fail.Exception):
        test_a_stranger_reads_nothing_of_company_a("server", Role.CLIENT, a)


@pytest.mark.parametrize("name", SEEN_BY)
def test_data_goes_away_with_the_right_to_see_it(name: str) -> None:
    view = VIEWS[name]
    told = view.refused(NotFound())
    assert set(told) == {view.var, view.problem_var}
    assert told[view.problem_var].code == "not_found"
    assert told[view.var] == type(told[view.var])()  # empty, and of the type that the page expects
    assert view.vars("x") == {view.var: "x", view.problem_var: type(told[view.problem_var])()}
