"""Somebody who tries to be somebody else through the socket."""

from __future__ import annotations

import json

import pytest

from tests.builders import make_person, make_session
from tests.doors.server import SHELL, Browser, Server

ACCOUNT = "reflex___state____state.opsportal___state___account____account_state"


def signed_in(server: Server, **person: object) -> Browser:
    browser = Browser(server)
    browser.cookie = make_session(make_person(**person))[1]  # type: ignore[arg-type]
    return browser


async def test_page_loads(server: Server) -> None:
    async with signed_in(server).tab() as tab:
        await tab.open("/account")
        await tab.until(lambda: (tab.vars.get("account_state.account") or {}).get("is_ready"))


@pytest.mark.parametrize("binary", [False, True])
async def test_message_named_connect_does_not_bring_its_own_headers(server: Server, binary: bool) -> None:
    victim, _ = make_session()
    async with Browser(server).tab() as tab:
        header = [["x-opsportal-session", str(victim.session_id)]]
        environ: dict = {"QUERY_STRING": "token=stolen", "asgi.scope": {"headers": header, "client": ["1.1.1.1", 1]}}
        if binary:
            environ["asgi.scope"]["headers"] = [
                [{"_placeholder": True, "num": 0}, {"_placeholder": True, "num": 1}]
            ]
            await tab.send_frame("452-/_event," + json.dumps(["connect", environ]))
            await tab.send_frame(b"x-opsportal-session")
            await tab.send_frame(str(victim.session_id).encode())
        else:
            await tab.say("connect", environ)
        await tab.send(f"{ACCOUNT}.open", path="/account")
        await tab.until(lambda: tab.closed.is_set() or "_redirect" in tab.events)
        assert not (tab.vars.get("account_state.account") or {}).get("is_ready")
        assert victim.name not in json.dumps(tab.frames)
