"""The portal with a real name server beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsportal.domain.access import Actor
from opsportal.settings import settings
from tests.builders import make_actor
from tests.integration.network.knot import KEY, SECRET, ZONES, Knot, running_knot


@pytest.fixture(scope="session")
def knot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Knot]:
    """One for all tests: each uses addresses of its own."""
    home: Path = tmp_path_factory.mktemp("knot")
    with running_knot(home) as running:
        yield running


@pytest.fixture
def named(portal: str, knot: Knot, monkeypatch: pytest.MonkeyPatch) -> Knot:
    """A portal whose name server is Knot."""
    for name, value in {
        "DNS_SERVER": f"127.0.0.1:{knot.port}",
        "DNS_TSIG_NAME": KEY,
        "DNS_TSIG_KEY": SECRET,
        "DNS_ZONES": ZONES,
        "DNS_RESOLVER": "127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return knot


@pytest.fixture
def owner(named: Knot) -> Actor:
    return make_actor()
