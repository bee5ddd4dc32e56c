"""A gateway, a door for its webhooks, and workers, for the tests of payments."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsportal.domain.access import Actor
from opsportal.domain.payments import deadlines
from tests import conftest as root
from tests.builders import make_actor, make_company
from tests.integration.payments.gateway import WEBHOOK_SECRET, Door, Lab
from tests.ports import free_port

KEYS = {
    "STRIPE_SECRET_KEY": "sk_test_of_these_tests",
    "STRIPE_PUBLISHABLE_KEY": "pk_test_of_these_tests",
    "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
}


@pytest.fixture(scope="session")
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture(scope="session")
def running_lab(ports: tuple[int, int]) -> Iterator[Lab]:
    lab = Lab(*ports)
    try:
        lab.wait_until_ready()
        yield lab
    finally:
        lab.stop()


@pytest.fixture
def lab(running_lab: Lab, portal: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The gateway, fresh, and a portal that is set up for it. It sends no webhook of its own before a test wants it,
    and none after the test: the door outlives it, and would write into the next one's database."""
    running_lab.reset()
    running_lab.faults(chances={"lose": 1.0})
    for name, value in {**KEYS, "STRIPE_API_URL": running_lab.url}.items():
        monkeypatch.setenv(name, value)
    root._forget_process_caches()
    yield running_lab
    running_lab.reset()


@pytest.fixture(scope="session")
def doors() -> Iterator[list[Door]]:
    """The one door of this test process, once somebody has needed it."""
    running: list[Door] = []
    yield running
    for door in running:
        door.stop()


@pytest.fixture
def door(lab: Lab, ports: tuple[int, int], doors: list[Door]) -> Door:
    """Where the gateway's webhooks arrive, over HTTP. The database behind it has the same name in every test."""
    if not doors:
        doors.append(Door(ports[1]))
        doors[0].wait_until_ready()
    return doors[0]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of seconds become hundredths."""
    monkeypatch.setattr(deadlines, "_FIRST_S", 0.01)
    monkeypatch.setattr(deadlines, "_LONGEST_S", 0.2)
    monkeypatch.setattr(deadlines, "HANDED_OVER", deadlines.dt.timedelta(seconds=0.5))


@pytest.fixture
def payer(portal: str) -> Actor:
    """A client from outside the Union: top-ups without tax, amounts as entered."""
    return make_actor(company=make_company(country="UA", currency="EUR"))


@pytest.fixture
def czech(portal: str) -> Actor:
    """A client at home: 21 % are added."""
    return make_actor(company=make_company(country="CZ", currency="EUR"))
