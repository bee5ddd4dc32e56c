"""A portal at work, for tests of a whole module or of one test's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from stack.disposable import Run
from tests import conftest as root
from tests.bmc.ipmi_sim import start_bmc
from tests.workers.site import Site

__all__ = ["start_bmc"]


@contextmanager
def running_site(
    databases: Run, worker: str, redis_url: str, directory: Path, **settings: str
) -> Iterator[Site]:
    """A migrated portal without processes; `settings` are environment variables."""
    url = databases.database(f"site_{worker}", template=databases.template("portal_template", root._migrate))
    with redis.Redis.from_url(redis_url) as store:
        store.flushall()
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": redis_url.removesuffix("db=0").rstrip("&?"),
        "SECRET_KEY": root.SECRET_KEY,
        "BMC_NETWORKS": "127.0.0.0/8",
        "DATA": str(directory),
        "DATABASE_POOL": "4",
        **settings,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        root._forget_process_caches()
        site = Site(directory, url)
        try:
            yield site
        finally:
            site.end()
            root._forget_process_caches()


@pytest.fixture
def site(databases: Run, worker: str, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    """A portal of this test's own, with no process started yet."""
    with running_site(databases, worker, redis_url, tmp_path, POWER_DEADLINE_S="40") as running:
        yield running
