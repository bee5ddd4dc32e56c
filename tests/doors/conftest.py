"""One real portal per module of tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests import conftest
from tests.doors.server import Server


@pytest.fixture(scope="module")
def portal(
    databases: conftest.Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The portal fixture of `tests/conftest.py`, shared by a module: its tests make rows of their own."""
    with pytest.MonkeyPatch.context() as patch:
        made = conftest.portal.__wrapped__(  # type: ignore[attr-defined]
            databases, f"doors_{worker}", redis_url, patch, tmp_path_factory.mktemp("data")
        )
        yield from made


@pytest.fixture(scope="module")
def server(portal: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The running portal of this module."""
    running = Server(environment=dict(os.environ), log=Path(tmp_path_factory.mktemp("server")) / "log")
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def _fresh_limits(redis_url: str) -> None:
    """Attempts of earlier tests do not count."""
    with redis.Redis.from_url(redis_url.replace("db=0", "db=2")) as store:
        store.flushdb()
