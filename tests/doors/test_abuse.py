"""The portal holds against hostile browsers, and still serves the others."""

from __future__ import annotations

import datetime as dt

import pytest

from opsportal.db import unit_of_work
from opsportal.models import LoginSession
from opsportal.models.base import utcnow
from tests.doors import abuses, malformed
from tests.doors.server import Browser, Server

pytestmark = pytest.mark.xdist_group("doors-abuse")


@pytest.mark.parametrize("abuse", abuses.ABUSES + malformed.ABUSES, ids=lambda abuse: abuse.__name__)
async def test_holds_against(server: Server, abuse: object) -> None:
    await abuse(server)  # type: ignore[operator]
    assert server.process.poll() is None
    await abuses.is_healthy(server)


async def test_socket_closes_when_its_session_runs_out(server: Server) -> None:
    for seconds in (1, 5, 25):
        browser, someone = abuses.signed_in(server)
        ends_at = utcnow() + dt.timedelta(seconds=seconds)
        with unit_of_work() as unit:
            unit.get_one(LoginSession, someone.actor.session_id).expires_at = ends_at
        async with browser.tab() as tab:
            if utcnow() < ends_at:  # else a slow machine has opened the socket of a session that was over
                await tab.until(tab.closed.is_set)
                break
    assert tab.close_code == 4401


async def test_events_need_no_hydration_first(server: Server) -> None:
    browser, _ = abuses.signed_in(server)
    async with browser.tab() as tab:
        await tab.send(abuses.OPEN_ACCOUNT, path="/account")
        await tab.until(lambda: (tab.vars.get("account_state.account") or {}).get("is_ready"))


async def test_log_holds_no_secret(server: Server) -> None:
    browser, someone = abuses.signed_in(server)
    Browser(server).sign_in("somebody@test.example", "zq7password")
    browser.post("/auth/password", {"current": "zq7current", "new": "zq7 another long one"})
    secret = browser.post("/auth/two-factor/start").json()["secret"]
    assert server.log()
    for text in (someone.cookie, "zq7password", "zq7current", "zq7 another", secret):
        assert text not in server.log()
