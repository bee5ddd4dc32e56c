"""What changes is told to the tabs that show it, and to no others."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest
from sqlalchemy import text

from opsportal.db import Unit, unit_of_work
from opsportal.domain.hardware import topics
from opsportal.domain.hardware.power import request_power
from opsportal.domain.refusals import NotFound
from opsportal.models import Company, JobKind, Person, Server, Service
from tests.builders import make_company, make_server, make_service
from tests.doors import abuses, world
from tests.doors.server import Browser, Tab
from tests.doors.server import Server as Portal
from tests.stack.waiting import wait_until
from tests.stock import hand_over

pytestmark = pytest.mark.xdist_group("doors-live")


async def _opened(
    stack: AsyncExitStack, portal: Portal, role: str, company: Company | None, number: int
) -> Tab:
    browser = Browser(portal)
    browser.cookie = world.make_someone(role, company=company).cookie
    tab = await stack.enter_async_context(browser.tab())
    await tab.open(f"/servers/{number}", {"server_id": str(number)})
    await tab.until(lambda: tab.vars.get("server_state.server", {}).get("is_ready"))
    return tab


def _power(tab: Tab) -> str:
    return str(tab.vars["server_state.server"]["power"])


def _set_power(unit: Unit, number: int, power: str) -> None:
    unit.get_one(Server, number).power = power
    unit.changed(topics.server(number))


def _set_power_and_fail(number: int) -> None:
    with unit_of_work() as unit:
        _set_power(unit, number, "on")
        unit.flush()
        raise NotFound


async def test_committed_change_reaches_every_tab_that_shows_it_and_nobody_else(server: Portal) -> None:
    company, other = make_company(), make_company()
    number = make_server(make_service(company)).id or 0
    foreign = make_server(make_service(other)).id or 0
    async with AsyncExitStack() as stack:
        own = [await _opened(stack, server, "client", company, number) for _ in range(2)]
        staff = [await _opened(stack, server, role, None, number) for role in ("operator", "technician")]
        stranger = await _opened(stack, server, "client", other, foreign)
        await asyncio.gather(*(tab.quiet() for tab in (*own, *staff, stranger)))
        told = {tab: len(tab.deltas) for tab in (*own, *staff, stranger)}
        with unit_of_work() as unit:
            _set_power(unit, number, "on")
        for tab in (*own, *staff):
            await tab.until(lambda tab=tab: _power(tab) == "on")
        await stranger.quiet()
        assert len(stranger.deltas) == told[stranger]
        # A page's views come in one push, unless one of them takes half a second longer: see tests/state/test_feed.py.
        assert all(len(tab.deltas) > told[tab] for tab in (*own, *staff))


async def test_rolled_back_change_is_told_to_nobody(server: Portal) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    async with AsyncExitStack() as stack:
        tab = await _opened(stack, server, "client", company, number)
        await tab.quiet()
        told = len(tab.deltas)
        with pytest.raises(NotFound):
            _set_power_and_fail(number)
        await asyncio.sleep(0.3)
        assert (len(tab.deltas), _power(tab)) == (told, "unknown")


async def test_data_goes_away_with_the_right_to_see_it(server: Portal) -> None:
    company, next_tenant = make_company(), make_company()
    machine = make_server(make_service(company))
    async with AsyncExitStack() as stack:
        tab = await _opened(stack, server, "client", company, machine.id or 0)
        with unit_of_work() as unit:
            service = Service(**make_service(next_tenant).model_dump(exclude={"id"}))
            unit.add(service)
            unit.flush()
            hand_over(unit, machine.id or 0, service.id)
            unit.changed(topics.server(machine.id or 0))
        await tab.until(lambda: tab.vars["server_state.problem"]["code"] == "not_found")
        assert tab.vars["server_state.server"]["name"] == ""
        assert not tab.vars["server_state.server"]["is_ready"]


async def test_click_is_seen_by_both_tabs_and_the_operator(server: Portal) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    async with AsyncExitStack() as stack:
        first = await _opened(stack, server, "client", company, number)
        second = await _opened(stack, server, "client", company, number)
        queues = Browser(server)
        queues.cookie = world.make_someone("operator").cookie
        operator = await stack.enter_async_context(queues.tab())
        await operator.open("/queues")
        await operator.until(lambda: operator.vars.get("queues_state.queues", {}).get("is_ready"))
        await first.send(abuses.SWITCH, {"server_id": number, "kind": "power_off"}, path=f"/servers/{number}")
        for tab in (first, second):
            await tab.until(lambda tab=tab: tab.vars["server_state.server"]["job"]["status"] == "queued")
        jobs = lambda: operator.vars["queues_state.queues"]["jobs"]  # noqa: E731
        await operator.until(lambda: [job["server_id"] for job in jobs()].count(number) == 1)


async def test_personal_views_stay_personal(server: Portal) -> None:
    company = make_company()
    people = [world.make_someone("client", company=company) for _ in range(2)]
    async with AsyncExitStack() as stack:
        tabs = []
        for someone in people:
            browser = Browser(server)
            browser.cookie = someone.cookie
            tab = await stack.enter_async_context(browser.tab())
            await tab.open("/account")
            await tab.until(lambda tab=tab: tab.vars.get("account_state.account", {}).get("is_ready"))
            tabs.append(tab)
        await asyncio.gather(*(tab.quiet() for tab in tabs))
        told = len(tabs[1].deltas)
        with unit_of_work() as unit:
            unit.get_one(Person, people[0].actor.person_id).name = "Renamed Person"
            unit.changed(f"person:{people[0].actor.person_id}")
        await tabs[0].until(lambda: tabs[0].vars["account_state.account"]["name"] == "Renamed Person")
        await asyncio.sleep(0.2)
        assert len(tabs[1].deltas) == told
        assert tabs[1].vars["shell_state.me"]["name"] == people[1].actor.name


@pytest.mark.parametrize(
    ("place", "leads_to"),
    [
        ("/servers/7?tab=jobs", "/sign-in?next=%2Fservers%2F7%3Ftab%3Djobs"),
        ("//evil.example/x", "/sign-in"),
        ("/\\evil.example", "/sign-in"),
        ("https://evil.example/", "/sign-in"),
        ("javascript:alert(1)", "/sign-in"),
        ("/\t/evil.example", "/sign-in"),
        ("/" + "a" * 1_500, "/sign-in"),
    ],
)
async def test_whose_session_has_ended_comes_back_to_the_same_place(
    server: Portal, place: str, leads_to: str
) -> None:
    async with Browser(server).tab() as tab:
        await tab.send(abuses.OPEN_ACCOUNT, path=place)
        await tab.until(lambda: "_redirect" in tab.events)
        assert tab.redirects == [leads_to]


async def test_page_that_connects_again_without_its_session_comes_back_to_the_same_place(
    server: Portal,
) -> None:
    """As a browser does it: it loads the page anew, and the page's own handler is refused."""
    async with Browser(server).tab() as tab:
        await tab.open("/account")
        await tab.until(lambda: "_redirect" in tab.events)
        assert tab.redirects == ["/sign-in?next=%2Faccount"]


async def test_who_is_at_the_sign_in_already_stays_there(server: Portal) -> None:
    """Told twice, the page would forget where it came from."""
    for place in ("/sign-in", "/sign-in?next=%2Faccount"):
        async with Browser(server).tab() as tab:
            await tab.send(abuses.OPEN_ACCOUNT, path=place)
            await tab.until(lambda tab=tab: tab.notices)
            assert tab.redirects == []


async def test_lost_listener_recovers_and_tells_the_truth(server: Portal, portal: str) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    gone = world.make_someone("client", company=company)
    async with AsyncExitStack() as stack:
        tab = await _opened(stack, server, "client", company, number)
        lost = Browser(server)
        lost.cookie = gone.cookie
        ended = await stack.enter_async_context(lost.tab())
        await ended.barrier()
        with psycopg.connect(portal, autocommit=True) as connection:
            # Nobody is told of these: the listener is away meanwhile, and nothing announces them.
            connection.execute("UPDATE server SET power = 'off' WHERE id = %s", [number])
            connection.execute(
                "UPDATE login_session SET stage = 'ended' WHERE id = %s", [gone.actor.session_id]
            )
            killed = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            ).fetchall()
            assert killed == [(True,)]
        await tab.until(lambda: _power(tab) == "off")
        await ended.until(ended.closed.is_set)
        assert ended.close_code == 4401
    server.wait_until_ready()


async def test_closed_tab_is_forgotten(server: Portal) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    await asyncio.to_thread(wait_until, lambda: _tabs(server) == 0)  # those of earlier tests are closed
    async with AsyncExitStack() as stack:
        await _opened(stack, server, "client", company, number)
        assert _tabs(server) == 1
    await asyncio.to_thread(wait_until, lambda: _tabs(server) == 0)


def _tabs(server: Portal) -> int:
    lines = httpx.get(server.origin + "/metrics", timeout=60).text.splitlines()
    return int(float(next(line for line in lines if line.startswith("opsportal_tabs ")).split()[1]))


async def test_malformed_address_shows_why_inside_the_frame(server: Portal) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    async with AsyncExitStack() as stack:
        tab = await _opened(stack, server, "client", company, number)
        for wrong in ("abc", "0", "-1", str(2**63), "1;DROP TABLE server", "٣" * 400):
            tab.vars.pop("server_state.problem", None)
            await tab.open(f"/servers/{wrong}", {"server_id": wrong})
            await tab.until(lambda: tab.vars.get("server_state.problem", {}).get("code") == "not_found")
        assert tab.vars["shell_state.me"]["email"]
        await tab.quiet()
        told = len(tab.deltas)
        with unit_of_work() as unit:
            _set_power(unit, number, "on")  # no longer shown here
        await asyncio.sleep(0.3)
        assert len(tab.deltas) == told


async def test_a_hundred_changes_are_few_pushes(server: Portal) -> None:
    company = make_company()
    number = make_server(make_service(company)).id or 0
    async with AsyncExitStack() as stack:
        tab = await _opened(stack, server, "client", company, number)
        await tab.quiet()
        told = len(tab.deltas)
        with unit_of_work() as unit:
            for _ in range(100):
                unit.execute(text("SELECT pg_notify('opsportal_live', :t)"), {"t": f'["server:{number}"]'})
                unit.execute(text("SELECT 1"))
            _set_power(unit, number, "on")
        await tab.until(lambda: _power(tab) == "on")
        await tab.quiet()
        assert len(tab.deltas) - told <= 5


def test_a_request_is_one_transaction(portal: str) -> None:
    """The topics of a click leave with its commit: nobody hears of a click that was refused."""
    company = make_company()
    machine = make_server(make_service(company))
    someone = world.make_someone("client", company=company)
    with psycopg.connect(portal, autocommit=True) as connection:
        connection.execute("LISTEN opsportal_live")
        with unit_of_work() as unit:
            request_power(unit, someone.actor, machine.id or 0, kind=JobKind.POWER_OFF)
            assert list(connection.notifies(timeout=0.1)) == []
        heard = [notice.payload for notice in connection.notifies(timeout=60, stop_after=1)]
    assert f'"server:{machine.id}"' in heard[0]
