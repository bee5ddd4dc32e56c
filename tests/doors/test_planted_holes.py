"""The tests of the doors notice open ones: each abuse fails where its door was left open on purpose."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.doors import abuses, malformed, matrix, test_http, world
from tests.doors.listing import list_doors
from tests.doors.matrix import DOORS
from tests.doors.matrix.door import NOBODY, Door
from tests.doors.server import Browser, Server
from tests.doors.test_authorization import verdict

pytestmark = pytest.mark.xdist_group("doors-planted")
PLANTED = "tests.doors.planted"
NOTICED = (AssertionError, pytest.fail.Exception)
"""Not a timeout, nor a broken connection: each abuse says what it has seen."""


@pytest.fixture(scope="module")
def planted(portal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The portal with the holes of `planted.py`, all shut."""
    log = Path(tmp_path_factory.mktemp("planted")) / "log"
    running = Server(environment=dict(os.environ), log=log, app=f"{PLANTED}:app")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def hole(server: Server, name: str) -> Iterator[None]:
    """One hole, open meanwhile."""
    try:
        Browser(server).post("/planted", {"hole": name}).raise_for_status()
        yield
    finally:
        Browser(server).post("/planted", {"hole": ""}).raise_for_status()


HOLE_OF = {
    abuses.foreign_origin: "origin",
    abuses.bad_token: "token",
    abuses.token_of_another_session: "binding",
    abuses.message_named_connect: "messages",
    abuses.injected_session_header: "headers",
    abuses.hydration_shows_nothing: "",  # planted for good: a var cannot be taken out again
    abuses.secrets_stay_behind: "hash",
    malformed.malformed_payloads: "payload",
    malformed.malformed_events: "envelope",
    malformed.malformed_frames: "frame log",
    abuses.huge_frame: "frames",
    abuses.huge_console_frame: "console frames",
    abuses.binary_frame: "frames",
    abuses.flood: "frames",
    abuses.many_sockets: "sockets",
    abuses.polling: "refusal",
    abuses.closed_paths: "paths",
    abuses.undeclared_handler: "undeclared",
    abuses.sign_out_elsewhere: "session",
    abuses.password_changed_elsewhere: "session",
    abuses.person_deactivated: "session",
}


def test_every_abuse_has_a_hole() -> None:
    assert set(HOLE_OF) == {*abuses.ABUSES, *malformed.ABUSES}


@pytest.mark.parametrize("abuse", HOLE_OF, ids=lambda abuse: abuse.__name__)
async def test_abuse_is_noticed(
    planted: Server, abuse: Callable[[Server], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuses, "PATIENCE_S", 2.0)  # what a shut door does will not come
    with hole(planted, HOLE_OF[abuse]):
        with pytest.raises(NOTICED):
            await abuse(planted)
        await abuses.is_healthy(planted)  # it is the hole that was noticed, and not a broken portal


def test_forgotten_limits_are_noticed(planted: Server) -> None:
    with hole(planted, "limits"):
        for test in (
            test_http.test_guessing_is_slowed_down_for_one_person_and_not_for_others,
            test_http.test_guessing_codes_is_slowed_down,
        ):
            with pytest.raises(AssertionError):
                test(planted)


def test_undeclared_doors_are_noticed(portal: str) -> None:
    found = list_doors(PLANTED)
    assert matrix.undeclared_routes(found.routes) == {"GET /auth/undisclosed", "POST /planted"}
    assert [name.rsplit(".", 1)[1] for name in matrix.undeclared_handlers(found.handlers)] == ["forgotten"]


async def test_forgotten_check_of_the_company_is_noticed(planted: Server) -> None:
    door = next(door for door in DOORS if "service_state.open" in door.name)
    browser = Browser(planted)
    browser.cookie = world.make_someone("client").cookie
    elsewhere = world.make_company()
    foreign = world.make_object("service", elsewhere, world.make_someone("client", company=elsewhere).actor)
    async with browser.tab() as tab:
        await tab.barrier()
        assert await verdict(tab, door, foreign) == door.expected("client", "foreign")
        with hole(planted, "company"):
            assert await verdict(tab, door, foreign) != door.expected("client", "foreign")


async def test_undeclared_handler_is_refused_even_there(planted: Server) -> None:
    browser = Browser(planted)
    browser.cookie = world.make_someone("operator").cookie
    name = next(name for name in list_doors(PLANTED).handlers if name.endswith(".forgotten"))
    async with browser.tab() as tab:
        await tab.barrier()
        came = await verdict(tab, Door(name, NOBODY, payload=lambda _: {"server_id": 1}), 1)
    assert came == "forbidden"
