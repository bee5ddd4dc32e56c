"""The tests of the doors notice open ones: each abuse fails where its door was left open on purpose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.doors import abuses, matrix, world
from tests.doors.listing import list_doors
from tests.doors.matrix import DOORS
from tests.doors.server import Browser, Server
from tests.doors.test_authorization import verdict

pytestmark = pytest.mark.xdist_group("doors-planted")
PLANTED = "tests.doors.planted"
NOTICED = (AssertionError, TimeoutError, aiohttp.ClientError, pytest.fail.Exception)


@pytest.fixture(scope="module")
def open_doors(portal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The portal with every hole of `planted.py`."""
    log = Path(tmp_path_factory.mktemp("planted")) / "log"
    running = Server(environment=dict(os.environ), log=log, app=f"{PLANTED}:app")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize(
    "abuse",
    [
        abuses.foreign_origin,
        abuses.token_of_another_session,
        abuses.message_named_connect,
        abuses.injected_session_header,
        abuses.hydration_shows_nothing,
        abuses.secrets_stay_behind,
        abuses.malformed_payloads,
        abuses.huge_frame,
        abuses.binary_frame,
        abuses.flood,
        abuses.many_sockets,
        abuses.closed_paths,
        abuses.sign_out_elsewhere,
        abuses.password_changed_elsewhere,
        abuses.person_deactivated,
    ],
    ids=lambda abuse: abuse.__name__,
)
async def test_abuse_is_noticed(open_doors: Server, abuse: object) -> None:
    with pytest.raises(NOTICED):
        await abuse(open_doors)  # type: ignore[operator]


def test_undeclared_doors_are_noticed(portal: str) -> None:
    found = list_doors(PLANTED)
    assert matrix.undeclared_routes(found.routes) == {"GET /auth/undisclosed"}
    assert [name.rsplit(".", 1)[1] for name in matrix.undeclared_handlers(found.handlers)] == ["forgotten"]


async def test_forgotten_check_of_the_company_is_noticed(open_doors: Server) -> None:
    door = next(door for door in DOORS if "service_state.open" in door.name)
    browser = Browser(open_doors)
    browser.cookie = world.make_someone("client").cookie
    elsewhere = world.make_company()
    foreign = world.make_object("service", elsewhere, world.make_someone("client", company=elsewhere).actor)
    async with browser.tab() as tab:
        await tab.barrier()
        assert await verdict(tab, door, foreign) != door.expected("client", "foreign")


async def test_undeclared_handler_is_refused_even_there(open_doors: Server) -> None:
    browser = Browser(open_doors)
    browser.cookie = world.make_someone("operator").cookie
    name = next(name for name in list_doors(PLANTED).handlers if name.endswith(".forgotten"))
    async with browser.tab() as tab:
        await tab.barrier()
        came = await verdict(tab, matrix.Door(name, matrix.NOBODY, payload=lambda _: {"server_id": 1}), 1)
    assert came == "forbidden"
