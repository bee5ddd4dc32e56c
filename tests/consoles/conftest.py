"""One portal, one gateway and one lab for all tests of consoles: they make rows of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from opsportal.settings import settings
from stack.sockets import short_directory
from tests import conftest
from tests.consoles.stage import Gateway, Stage
from tests.doors.server import Server as Portal
from tests.lab.labs import RunningLab


@pytest.fixture(scope="package")
def portal(
    databases: conftest.Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The portal fixture of `tests/conftest.py`, shared by this package, with an address for the gateway."""
    sockets = tempfile.mkdtemp(prefix="consoles-", dir=short_directory())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONSOLE_GATEWAY", f"unix:{sockets}/gateway.sock")
        made = conftest.portal.__wrapped__(  # type: ignore[attr-defined]
            databases, f"consoles_{worker}", redis_url, patch, tmp_path_factory.mktemp("data")
        )
        yield from made
    shutil.rmtree(sockets)
    settings.cache_clear()


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    running = RunningLab(tmp_path_factory.mktemp("lab"), servers=16)
    running.start()
    yield running
    assert running.end() == 0


@pytest.fixture(scope="package")
def stage(portal: str, lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    logs = Path(tmp_path_factory.mktemp("logs"))
    gateway = Gateway(environment=dict(os.environ), log=logs / "gateway")
    gateway.start()
    web = Portal(environment=dict(os.environ), log=logs / "web")
    try:
        web.wait_until_ready()
        yield Stage(web, gateway, lab)
        gateway.end()
        assert "Traceback" not in gateway.log(), gateway.log()
    finally:
        web.stop()
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.process.kill()


@pytest.fixture(autouse=True)
def _fresh_limits(redis_url: str) -> None:
    """Attempts of earlier tests do not count."""
    with redis.Redis.from_url(redis_url.replace("db=0", "db=2")) as store:
        store.flushdb()
