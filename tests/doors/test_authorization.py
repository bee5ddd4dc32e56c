"""Every door × every role × own, foreign and missing objects, on the running portal."""

from __future__ import annotations

import re

import pytest

from opsportal.domain.refusals import Refusal
from opsportal.models import LoginStage, Person
from tests.builders import make_company, make_person
from tests.doors import matrix, world
from tests.doors.listing import Listing, list_doors
from tests.doors.matrix import DOORS, PATHS
from tests.doors.matrix.door import NOBODY, Door
from tests.doors.matrix.paths import Path
from tests.doors.server import SHELL, Browser, Server, Tab

pytestmark = pytest.mark.xdist_group("doors-authorization")
IN_ONE_TAB = 25
"""Two events a setter and its barrier: well under what one socket may send at once (web/sockets.py, BURST)."""
CODES = {refusal.msgid: refusal.code for refusal in Refusal.__subclasses__()}


@pytest.fixture(scope="module")
def listing(portal: str) -> Listing:
    return list_doors()


def test_every_handler_is_in_the_table(listing: Listing) -> None:
    assert matrix.undeclared_handlers(listing.handlers) == set()
    assert {door.name for door in DOORS} <= listing.handlers


def test_every_route_is_in_the_table(listing: Listing) -> None:
    assert matrix.undeclared_routes(listing.routes) == set()
    assert {path.route for path in PATHS} <= listing.routes


async def verdict(tab: Tab, door: Door, number: int) -> str:
    """What comes of an event: `allowed`, or the code of the refusal."""
    short = door.name.rsplit("____", 1)[-1].rpartition(".")[0]
    tab.notices.clear()
    tab.vars.pop(f"{short}.problem", None)
    query = {door.param: str(number)} if door.param else {}
    await tab.send(door.name, door.payload(number), path=door.path.replace("{id}", str(number)), query=query)
    await tab.barrier()
    if tab.notices:
        return CODES.get(tab.notices[0], tab.notices[0])
    problem = (tab.vars.get(f"{short}.problem") or {}).get("code", "")
    answer = (tab.vars.get(f"{short}.answer") or {}).get("code", "")
    return problem or answer or "allowed"


@pytest.mark.parametrize("role", world.ROLES)
async def test_handlers(server: Server, role: str) -> None:
    wrong: dict[tuple[str, str], str] = {}
    for door in DOORS:
        home, elsewhere = make_company(), make_company()
        browser = Browser(server)
        stranger = world.make_someone("client", company=elsewhere).actor
        owner = stranger
        if role != "anonymous":
            someone = world.make_someone(role, company=home if role == "client" else None)
            browser.cookie, owner = someone.cookie, someone.actor
        objects = {"own": 0}
        if door.target:
            objects = {
                "missing": world.MISSING,
                "foreign": world.make_object(door.target, elsewhere, stranger),
                "own": world.make_object(door.target, home, owner),
            }
        async with browser.tab() as tab:
            await tab.barrier()
            before = world.versions()
            for whose, number in objects.items():
                came = await verdict(tab, door, number)
                expected = door.expected(role, whose)
                if came != expected:
                    wrong[door.name, whose] = f"{came} instead of {expected}"
                if expected != "allowed":
                    after = world.versions()
                    if after != before:
                        wrong[door.name, whose] = "refused, but something has changed"
                    before = after
                elif whose != [*objects][-1]:
                    before = world.versions()
    assert wrong == {}


@pytest.mark.parametrize("role", world.ROLES)
async def test_vars_cannot_be_set(server: Server, listing: Listing, role: str) -> None:
    browser = Browser(server)
    if role != "anonymous":
        browser.cookie = world.make_someone(role).cookie
    setters = [name for name in sorted(listing.handlers) if name.endswith(f".{matrix.NEVER}")]
    for first in range(0, len(setters), IN_ONE_TAB):
        async with browser.tab() as tab:
            await tab.barrier()
            before = world.versions()
            for name in setters[first : first + IN_ONE_TAB]:
                door = Door(name, NOBODY, payload=lambda _: {"var_name": "notice", "value": "x"})
                assert await verdict(tab, door, 0) == "forbidden", name
            assert world.versions() == before


@pytest.mark.parametrize("role", world.ROLES)
async def test_what_is_no_handler_cannot_be_called(server: Server, role: str) -> None:
    browser = Browser(server)
    if role != "anonymous":
        browser.cookie = world.make_someone(role).cookie
    async with browser.tab() as tab:
        await tab.barrier()
        before = world.versions()
        for name in ("set_notice", "_tell", "get_state", "reset", "__init__", "portal_payload", "open.fn"):
            tab.notices.clear()
            await tab.send(f"{SHELL}.{name}")
            # Refused at the socket, before events queue up: the answer stands in no order with a barrier's.
            await tab.until(lambda: tab.notices)
            assert [CODES.get(msgid, msgid) for msgid in tab.notices] == ["bad_request"], name
        assert world.versions() == before


def _at_stage(server: Server, stage: str, number: int, role: str = "client") -> Browser:
    """A browser at an address of its own: signing in is limited by the address, and there are many routes."""
    browser = Browser(server, ip=f"127.0.{2 + number // 200}.{1 + number % 200}")
    if stage == "signed_in":
        browser.cookie = world.make_someone(role).cookie
    elif stage == "password":
        person: Person = make_person(totp=True)
        answer = browser.sign_in(person.email, "a good long password")
        assert answer.json() == {"stage": LoginStage.PASSWORD}
    return browser


def _ask(browser: Browser, path: Path) -> tuple[int, str]:
    """The answer at this door; where its address has a number in it, for an object that is not there."""
    method, _, route = path.route.partition(" ")
    address = re.sub(r"\{\w+:int\}", str(world.MISSING), route)
    answer = browser.post(address, path.body) if method == "POST" else browser.http.request(method, address)
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.status_code, answer.json().get("code", "") if is_json else ""


@pytest.mark.parametrize("stage", ["none", "password", "client", "operator", "technician"])
def test_routes(server: Server, stage: str) -> None:
    wrong = {}
    stages = ("signed_in", stage) if stage in world.ROLES else (stage,)
    for number, path in enumerate(PATHS):
        browser = _at_stage(server, stages[0], number, *stages[1:])
        before = world.versions()
        came = _ask(browser, path)
        expected = path.expected(stage)
        if came != expected:
            wrong[path.route] = (came, expected)
        # A wrong code is written to the audit trail, a forged webhook is counted.
        harmless = expected[0] != 200 and expected[1] not in ("wrong_code", "forged")
        if harmless and world.versions() != before:
            wrong[path.route] = "refused, but something has changed"
    assert wrong == {}


@pytest.mark.parametrize(
    "origin", ["", "null", "http://evil.example", "http://127.0.0.1:1", "HTTP://127.0.0.1"]
)
def test_no_other_site_can_post(server: Server, origin: str) -> None:
    browser = Browser(server, origin=origin)
    browser.cookie = world.make_someone("client").cookie
    before = world.versions()
    for path in PATHS:
        if path.body is not None:
            assert _ask(browser, path) == (403, "foreign_origin"), path.route
    assert world.versions() == before
