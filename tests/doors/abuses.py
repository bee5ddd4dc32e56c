"""What hostile browsers try. Each function asserts that the portal holds.

`test_abuse.py` runs them against the portal, `test_planted_holes.py` against one with its doors
left open, where each must fail.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable
from typing import Any

import aiohttp
import httpx
import pytest

from opsportal.web.gate import CONSOLE_PATH
from opsportal.web.sockets import BURST, CONSOLE_MAX_TEXT, FRAMES_PER_S
from tests.doors import world
from tests.doors.server import PORTAL, STATE, Browser, Server, Tab, open_tab

MARK = "zq7mark"
"""In every value that an abuse sends: it must never come up in a log."""
OPEN_ACCOUNT = f"{PORTAL}account____account_state.open"
SWITCH = f"{PORTAL}server____server_state.switch"
SET_LOCALE = f"{PORTAL}shell____shell_state.set_locale"
PATIENCE_S = 60.0
"""How long to wait for what must come. Where a hole is planted it does not come, and nobody waits so long for it."""


def signed_in(server: Server, role: str = "client") -> tuple[Browser, world.Someone]:
    browser = Browser(server)
    someone = world.make_someone(role)
    browser.cookie = someone.cookie
    return browser, someone


async def seen(waiting: Awaitable[Any], complaint: Any) -> None:
    """Wait for what must come. That it does not come is what was to be shown, and no accident of the test."""
    try:
        await waiting
    except TimeoutError:
        raise AssertionError(complaint) from None


async def is_healthy(server: Server) -> None:
    """A well-behaved client is served."""
    browser, someone = signed_in(server)
    async with browser.tab() as tab:
        await tab.open("/account")
        await tab.until(
            lambda: (tab.vars.get("account_state.account") or {}).get("name") == someone.actor.name
        )


async def _cannot_connect(server: Server, **options: Any) -> None:
    browser, _ = signed_in(server)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with browser.tab(**options):
            pass
    assert refused.value.status == 403


async def foreign_origin(server: Server) -> None:
    for origin in ("", "null", "http://evil.example", server.origin + ".evil.example", server.origin + "/"):
        await _cannot_connect(server, origin=origin)


async def bad_token(server: Server) -> None:
    good = uuid.uuid4()
    for query in (
        "",
        "token=",
        "token=victim",
        f"token={good}&token={good}",
        f"token={good}%00",
        f"token=[{good}]",
    ):
        await _cannot_connect(server, query=query)


async def token_of_another_session(server: Server) -> None:
    """Whoever copies a tab's token gets an empty state of their own."""
    token = str(uuid.uuid4())
    victim_browser, victim = signed_in(server)
    async with victim_browser.tab(token=token) as tab:
        await tab.open("/account")
        await tab.until(lambda: (tab.vars.get("account_state.account") or {}).get("is_ready"))
    for browser in (signed_in(server)[0], Browser(server)):
        async with browser.tab(token=token) as tab:
            await tab.barrier()
            assert victim.actor.name not in json.dumps(tab.frames)
            assert not tab.vars["account_state.account"]["is_ready"]


async def _turned_away(tab: Tab) -> None:
    """Until the tab was closed, sent to the sign-in page or, if the door is open, shown an account."""

    def has_come() -> bool:
        account = tab.vars.get("account_state.account") or {}
        return tab.closed.is_set() or "_redirect" in tab.events or account.get("is_ready", False)

    await seen(tab.until(has_come, within=PATIENCE_S), "neither turned away nor shown anything")


async def message_named_connect(server: Server) -> None:
    """python-socketio would hand it to `on_connect`, with headers made by the browser."""
    victim = world.make_someone("operator").actor
    for binary in (False, True):
        async with Browser(server).tab() as tab:
            header: list[Any] = ["x-opsportal-session", str(victim.session_id)]
            if binary:
                header = [{"_placeholder": True, "num": 0}, {"_placeholder": True, "num": 1}]
            scope = {"headers": [header], "client": ["192.0.2.1", 1]}
            message = ["connect", {"QUERY_STRING": f"token={uuid.uuid4()}", "asgi.scope": scope}]
            if binary:
                await tab.send_frame("452-/_event," + json.dumps(message))
                await tab.send_frame(b"x-opsportal-session")
                await tab.send_frame(str(victim.session_id).encode())
            else:
                await tab.say(*message)
            await tab.send(OPEN_ACCOUNT, path="/account")
            await _turned_away(tab)
            assert victim.name not in json.dumps(tab.frames)


async def injected_session_header(server: Server) -> None:
    victim = world.make_someone("operator").actor
    async with Browser(server).tab(headers={"x-opsportal-session": str(victim.session_id)}) as tab:
        await tab.send(OPEN_ACCOUNT, path="/account")
        await _turned_away(tab)
        assert victim.name not in json.dumps(tab.frames)


async def hydration_shows_nothing(server: Server) -> None:
    """Reflex sends every public var to everybody: all of ours are empty until a page is opened."""
    async with Browser(server).tab() as tab:
        await tab.send(f"{STATE}.hydrate")
        await tab.until(lambda: tab.deltas)
        ours = {
            state: values for state, values in tab.deltas[0].items() if not state.startswith("reflex___i")
        }
        own = {state: values for state, values in ours.items() if state != STATE}
        assert len(own) >= 11
        filled = [leaf for values in own.values() for leaf in _leaves(values) if leaf not in _EMPTY]
        assert filled == [], filled


_EMPTY = ("", "0", 0, 1, 300, None, "info", "unknown", "overview", "day")
"""What the defaults of views are made of: a new one is looked at before it is added here."""


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


async def secrets_stay_behind(server: Server) -> None:
    """Neither the cookie nor a password nor a second factor reaches a delta."""
    browser, someone = signed_in(server)
    told = ""
    for path in ("/account", "/", "/services"):
        async with browser.tab(headers={"authorization": "Basic enE3bWFyaw=="}) as tab:
            await tab.open(path)
            await tab.until(lambda tab=tab: (tab.vars.get("shell_state.me") or {}).get("email"))
            await tab.barrier()
            told += json.dumps(tab.frames)
    for secret in (someone.cookie, "Basic enE3", "$argon2", "password_hash", "totp_secret", "token_hash"):
        assert secret not in told, secret


async def _closes(tab: Tab) -> None:
    await seen(tab.until(tab.closed.is_set, within=PATIENCE_S), "the socket stays open")


async def _is_closed_by(server: Server, frame: str | bytes, code: int) -> None:
    browser, _ = signed_in(server)
    async with browser.tab() as tab:
        await tab.send_frame(frame)
        await _closes(tab)
        assert tab.close_code == code


async def huge_frame(server: Server) -> None:
    await _is_closed_by(server, '42/_event,["event","' + "x" * 1_000_000 + '"]', 1009)


async def binary_frame(server: Server) -> None:
    await _is_closed_by(server, b"\x04" + MARK.encode(), 1003)


async def huge_console_frame(server: Server) -> None:
    """A console's socket is judged before anybody has come with a ticket."""
    browser, _ = signed_in(server)
    headers = {"Cookie": f"portal={browser.cookie}", "Origin": server.origin}
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.ws_connect(f"{server.origin}{CONSOLE_PATH}", headers=headers) as connection,
    ):
        await connection.send_str(MARK + "x" * CONSOLE_MAX_TEXT)
        answer = await connection.receive(timeout=30)
        assert (answer.type, answer.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def flood(server: Server) -> None:
    """The burst and what trickles in meanwhile is taken, not one frame more; then the socket is closed."""
    browser, _ = signed_in(server)
    async with browser.tab() as tab:
        began = time.monotonic()
        for _ in range(500):
            await tab.say("ping")
        await _closes(tab)
        allowed = BURST + FRAMES_PER_S * (time.monotonic() - began)
        assert sum('"ping"' in frame for frame in tab.frames) <= min(allowed, 499)


async def many_sockets(server: Server) -> None:
    """An address without a session has thirty at most; a signed-in browser beside it still comes in."""
    ip = "127.0.0.9"
    tabs = [open_tab(server, origin=server.origin, ip=ip) for _ in range(30)]
    try:
        for tab in tabs:
            await tab.__aenter__()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            async with open_tab(server, origin=server.origin, ip=ip):
                pass
        browser = Browser(server, ip=ip)
        browser.cookie = world.make_someone("client").cookie
        async with browser.tab() as tab:
            await tab.barrier()
    finally:
        for tab in tabs:
            await tab.__aexit__(None, None, None)


async def polling(server: Server) -> None:
    """The other transport of Engine.IO would pass the gate's count of frames."""
    browser, _ = signed_in(server)
    for path in ("/_event/?EIO=4&transport=polling", "/_event?EIO=4&transport=polling", "/_event/x"):
        assert browser.http.get(path).status_code == 404
        assert browser.http.post(path, content=b"40").status_code == 404


async def closed_paths(server: Server) -> None:
    """What Reflex leaves open."""
    for path in (
        "/_upload",
        "/_upload/x",
        "/_health",
        "/ping",
        "/_all_routes",
        "/%5fupload",
        "/auth-codespace",
    ):
        async with httpx.AsyncClient(
            base_url=server.origin, headers={"origin": server.origin}, timeout=PATIENCE_S
        ) as http:
            assert (await http.get(path)).status_code == 404, path
            assert (await http.post(path)).status_code == 404, path


async def undeclared_handler(server: Server) -> None:
    """Every public method of every State answers every browser; without a declaration, none of ours."""
    browser, _ = signed_in(server)
    name = f"{STATE}.reflex___state____frontend_event_exception_state.handle_frontend_exception"
    async with browser.tab() as tab:
        await tab.barrier()
        await tab.send(name, {"info": MARK, "component_stack": MARK})
        await seen(tab.until(lambda: tab.notices, within=PATIENCE_S), "not refused")
    assert MARK not in server.log()


async def _ends_at_once(server: Server, end: Any) -> None:
    """After the end the socket is closed, and until then nothing more is told."""
    browser, someone = signed_in(server)
    async with browser.tab() as tab:
        await tab.open("/account")
        await tab.until(lambda: (tab.vars.get("account_state.account") or {}).get("is_ready"))
        await tab.quiet()  # what follows the opening of a page has been told
        told = len(tab.deltas)
        await asyncio.to_thread(end, someone)
        await _closes(tab)
        assert tab.close_code == 4401
        assert len(tab.deltas) == told


async def sign_out_elsewhere(server: Server) -> None:
    def end(someone: world.Someone) -> None:
        other = Browser(server)
        other.cookie = someone.cookie
        assert other.post("/auth/sign-out").status_code == 200

    await _ends_at_once(server, end)


async def password_changed_elsewhere(server: Server) -> None:
    from opsportal.db import unit_of_work
    from opsportal.models import Person
    from tests.builders import PASSWORD

    def end(someone: world.Someone) -> None:
        with unit_of_work() as unit:
            email = unit.get_one(Person, someone.actor.person_id).email
        other = Browser(server)
        assert other.sign_in(email, PASSWORD).json() == {"stage": "signed_in"}
        body = {"current": PASSWORD, "new": "another long password"}
        assert other.post("/auth/password", body).status_code == 200

    browser, someone = signed_in(server)
    async with browser.tab() as tab:
        await tab.barrier()
        await asyncio.to_thread(end, someone)
        await _closes(tab)
        assert tab.close_code == 4401


async def person_deactivated(server: Server) -> None:
    from opsportal.db import unit_of_work
    from opsportal.models import Person

    def end(someone: world.Someone) -> None:
        with unit_of_work() as unit:
            unit.get_one(Person, someone.actor.person_id).is_active = False
            unit.changed(f"person:{someone.actor.person_id}")

    browser, someone = signed_in(server)
    async with browser.tab() as tab:
        await tab.barrier()
        await asyncio.to_thread(end, someone)
        await _closes(tab)
        assert tab.close_code == 4401


ABUSES = (
    foreign_origin, bad_token, token_of_another_session, message_named_connect, injected_session_header,
    hydration_shows_nothing, secrets_stay_behind, huge_frame,
    huge_console_frame, binary_frame, flood, many_sockets, polling, closed_paths, undeclared_handler, sign_out_elsewhere,
    password_changed_elsewhere, person_deactivated,
)  # fmt: skip
