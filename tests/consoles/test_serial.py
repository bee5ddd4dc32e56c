"""The serial console: typed in a browser, answered by a machine, shared by several, typed on by one."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack

import pytest

from opsportal.models import Role
from tests.builders import make_company
from tests.consoles.stage import Console, Stage, grants_of, opened, reasons_of
from tests.doors import world
from tests.doors.server import Browser

pytestmark = pytest.mark.xdist_group("consoles")


def browser_of(stage: Stage, role: Role, **more: object) -> Browser:
    browser = Browser(stage.portal)
    browser.cookie = world.make_someone(role, **more).cookie  # type: ignore[arg-type]
    return browser


async def test_login_prompt_is_typed_at_and_answers(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    browser = browser_of(stage, Role.CLIENT, company=company)
    async with opened(browser, server.id or 0) as console:
        await console.live()
        await console.shows(b"login: ")
        await console.type(b"root\r")
        await console.shows(b"Password: ")
        await console.type(b"anything\r")
        await console.shows(f"root@{name}:~# ".encode())
        await console.type(b"hostname\r")
        await console.shows(b"hostname\r\n" + name.encode())
        assert console.state["viewers"] == [
            {
                "id": console.state["you"],
                "name": console.state["viewers"][0]["name"],
                "staff": False,
                "writer": True,
            }
        ]
    told = str(console.told)
    assert "127.0.0.1" not in told
    assert "opsportal" not in told


async def test_two_watch_one_types_and_the_keyboard_changes_hands(stage: Stage) -> None:
    company = make_company()
    server, _ = stage.take_machine(company)
    client, support = browser_of(stage, Role.CLIENT, company=company), browser_of(stage, Role.TECHNICIAN)
    async with AsyncExitStack() as stack:
        first: Console = await stack.enter_async_context(opened(client, server.id or 0))
        await first.live()
        await first.is_writer()
        second: Console = await stack.enter_async_context(opened(support, server.id or 0))
        await second.shows(b"login: ")
        await second.type(b"ghost")
        await first.type(b"ro")
        await second.shows(b"login: ro")
        assert b"ghost" not in first.seen
        await second.say(type="take")
        await first.until(lambda: first.state["asking"])
        await first.say(type="give", ok=False)
        await second.until(lambda: {"type": "kept"} in second.told)
        assert second.writer != second.state["you"]
        await first.until(lambda: not first.state["asking"])
        await second.say(type="take")
        await first.until(lambda: first.state["asking"])
        await first.say(type="give", ok=True)
        await second.is_writer()
        assert [grant.is_writer for grant in grants_of(server.id or 0)] == [False, True]
        await first.until(lambda: any(one["type"] == "taken" for one in first.told))
        await first.type(b"ghost")
        await second.type(b"ot")
        await first.shows(b"login: root")
        assert b"ghost" not in second.seen


async def test_gateway_that_is_killed_is_replaced_and_viewers_come_back(stage: Stage) -> None:
    company = make_company()
    server, _ = stage.take_machine(company)
    browser = browser_of(stage, Role.CLIENT, company=company)
    async with opened(browser, server.id or 0) as console:
        await console.live()
        stage.gateway.end(signal.SIGKILL)
        await console.ends("gateway_lost")
    stage.gateway.start()
    assert await reasons_of(server.id or 0) == ["gateway_lost"]
    async with opened(browser, server.id or 0) as console:
        await console.live()
        await console.type(b"x")
        await console.shows(b"login: x")
