"""Where a BMC is, and how to get in, is in nothing that a client's browser is sent.

Every view is read over a world whose only BMC and screen have an unmistakable host, port, user and password.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import grants
from opsportal.domain.consoles.screens import ScreenEndpoint, put_screen
from opsportal.domain.hardware.takeover import take_over
from opsportal.domain.vault import seal
from opsportal.models import Bmc, Company, ConsoleKind, HardwareJob, JobStatus, Role
from opsportal.state.showing import StateView
from tests.builders import make_actor
from tests.state.test_views import SEEN_BY, VIEWS, World, load, make_world, params

pytestmark = pytest.mark.usefixtures("portal")
HOST, PORT, USER, PASSWORD = "10.213.97.151", 47_623, "xylophone-user", "zeppelin-password"
SCREEN_HOST, SCREEN_PORT, SCREEN_PASSWORD = "10.213.97.152", 47_629, "scr-zepp"
PASSWORDS = (PASSWORD, SCREEN_PASSWORD)
EVERYTHING = (HOST, PORT, USER, SCREEN_HOST, SCREEN_PORT, *PASSWORDS)
CLIENTS = sorted(name for name, roles in SEEN_BY.items() if "client" in roles)
STAFFS = sorted(set(SEEN_BY) - set(CLIENTS))


@pytest.fixture
def world() -> World:
    """The BMC was not reached, its job is in somebody's hands, and a screen is open."""
    made = make_world()
    staff = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        bmc = unit.get_one(Bmc, made.server)
        bmc.host, bmc.port, bmc.username, bmc.password = HOST, PORT, USER, seal(PASSWORD)
        put_screen(unit, made.server, ScreenEndpoint(SCREEN_HOST, SCREEN_PORT, SCREEN_PASSWORD))
        job = unit.exec(select(HardwareJob).where(col(HardwareJob.server_id) == made.server)).one()
        job.status, job.outcome_code = JobStatus.FAILED, "bmc_unreachable"
        job.finished_at = job.started_at = job.created_at
    with unit_of_work() as unit:
        grants.grant_console(unit, _client_of(made), made.server, ConsoleKind.SCREEN)
        take_over(unit, staff, job.id or 0)
    return made


def _client_of(world: World) -> Actor:
    with unit_of_work() as unit:
        company = unit.get_one(Company, world.company)
    return make_actor(company=company)


def _leaves(value: Any) -> Iterator[Any]:
    """Every text and number that is sent."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _leaves(one)
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _is_in(secret: str | int, leaf: Any) -> bool:
    """A port alone or behind a colon; its digits may be part of any other number."""
    if isinstance(secret, int):
        return leaf == secret or str(leaf) == str(secret) or f":{secret}" in str(leaf)
    return secret in str(leaf)


def _told(view: StateView, actor: Actor, world: World, secrets: tuple[str | int, ...]) -> set[str | int]:
    """Which of these are in what the browser of this person is sent for the view."""
    shown = load(view, actor, params(view, world))
    leaves = list(_leaves(dataclasses.asdict(shown)))
    assert leaves
    return {secret for secret in secrets for leaf in leaves if _is_in(secret, leaf)}


def test_no_page_that_clients_have_knows_where_a_bmc_is(world: World) -> None:
    """Not for them, and not for staff who look at the same page."""
    actors = {"client": _client_of(world)}
    actors |= {role.value: make_actor(role=role) for role in Role if role is not Role.CLIENT}
    for name in CLIENTS:
        for role in SEEN_BY[name]:
            assert _told(VIEWS[name], actors[role], world, EVERYTHING) == set(), (name, role)


def test_no_page_of_staff_knows_a_password(world: World) -> None:
    """Those of the BMC's record and of the fleet say where it is; how to get in leaves the portal for nobody."""
    actors = {role.value: make_actor(role=role) for role in Role if role is not Role.CLIENT}
    for name in STAFFS:
        for role in SEEN_BY[name]:
            assert _told(VIEWS[name], actors[role], world, PASSWORDS) == set(), (name, role)
    told = _told(VIEWS["machine"], actors["operator"], world, EVERYTHING)
    assert {HOST, PORT, USER} <= told  # this world's BMC is the one that is looked for


def test_planted_leak_is_noticed(world: World) -> None:
    view, client = VIEWS["server"], _client_of(world)
    for leak in EVERYTHING:

        def careless(unit: Any, actor: Actor, server_id: int, leak: str | int = leak) -> Any:
            shown = view.read(unit, actor, server_id)
            return dataclasses.replace(shown, taken=dataclasses.replace(shown.taken, outcome_code=str(leak)))

        leaking = dataclasses.replace(view, read=careless)
        assert leak in _told(leaking, client, world, EVERYTHING), leak
