"""The door through which the numbers of a graph leave: whose they are, and exactly what they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from opsportal.models import Company, Role, Server
from opsportal.models.base import utcnow
from opsportal.web import traffic
from opsportal.web.browser import Browser
from opsportal.web.gate import BROWSER_KEY
from tests.builders import make_company, make_server, make_service
from tests.doors.world import MISSING, Someone, everything, make_someone
from tests.integration.traffic.ports import SLOT, FakeSwitch

pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def company() -> Company:
    return make_company()


@pytest.fixture
def server(company: Company) -> Server:
    """Not only a name, but one that a spreadsheet or a header could stumble over."""
    server: Server = make_server(make_service(company), name='=cmd "ж", 1')
    switch = FakeSwitch(utcnow().replace(minute=0, second=0, microsecond=0) - 3 * SLOT)
    switch.connect("ge-0/0/0", server)
    switch.poll()
    switch.move("ge-0/0/0", octets_in=3_000_001, octets_out=150_000)
    switch.poll(SLOT)
    return server


@pytest.fixture
async def door() -> AsyncIterator[Any]:
    """Asks for a file as this person, or as nobody."""
    inner = Starlette(routes=traffic.ROUTES)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        cookie = dict(scope["headers"]).get(b"x-test-cookie", b"").decode()
        await inner({**scope, BROWSER_KEY: Browser("192.0.2.1", "test", "", cookie)}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as http:

        async def ask(someone: Someone | None, number: int, **query: str) -> httpx.Response:
            cookie = {"x-test-cookie": someone.cookie} if someone else {}
            return await http.get(f"/servers/{number}/traffic.csv", params=query, headers=cookie)

        yield ask


async def test_its_owner_gets_whole_numbers(door: Any, company: Company, server: Server) -> None:
    answer = await door(make_someone("client", company=company), server.id, span="day")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = answer.headers["content-disposition"]
    assert name.startswith('attachment; filename="=cmd ___, 1-traffic-day-'), name
    head, *rows = answer.text.splitlines()
    assert head == ",".join(traffic.COLUMNS)
    assert len(rows) == 288
    measured = [row.split(",", 2)[2] for row in rows if row.split(",")[2]]
    assert measured == ["4000,80000,4000,80000,300,0"]
    empty = {row.split(",", 2)[2] for row in rows} - set(measured)
    assert empty == {",,,,0,0"}  # a gap is empty, not zero
    usual = await door(make_someone("client", company=company), server.id)
    again = await door(make_someone("client", company=company), server.id, span="day")
    assert usual.text in (answer.text, again.text)  # five minutes may end in between


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.TECHNICIAN])
async def test_staff_get_it(door: Any, server: Server, role: Role) -> None:
    answer = await door(make_someone(role), server.id, span="year")
    assert (answer.status_code, len(answer.text.splitlines())) == (200, 366)


async def test_a_strangers_is_as_if_it_were_not_there(door: Any, server: Server) -> None:
    stranger = make_someone("client")
    before = everything()
    answers = [await door(stranger, number) for number in (server.id, MISSING, 0, 10**30)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}
    assert answers[0].json()["code"] == "not_found"
    assert (await door(None, server.id)).json()["code"] == "sign_in_required"
    assert everything() == before


@pytest.mark.parametrize("span", ["", "DAY", "century", "day\x00", "day,week"])
async def test_no_other_span_is_understood(door: Any, company: Company, server: Server, span: str) -> None:
    answer = await door(make_someone("client", company=company), server.id, span=span)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
