"""Fixtures for every test: the run's PostgreSQL and Valkey."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine

from opsportal import db
from opsportal.domain import vault
from opsportal.integrations import queue_watch, stripe_gateway
from opsportal.settings import settings
from opsportal.web import limits
from stack.disposable import Run
from workers import queues

RUN = pytest.StashKey[Run]()
VARIABLE = "OPSPORTAL_TEST_RUN"
ROOT = Path(__file__).resolve().parent.parent
SECRET_KEY = "c2VjcmV0IGtleSBmb3IgdGVzdHMsIDMyIGJ5dGVzISE="

# An example takes as long as a busy machine needs: without this, one of more than 200 ms is a failure. And a run
# tries the same examples as the one before it: new ones are looked for with `--hypothesis-profile=search`.
_PATIENT: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
hypothesis_settings.register_profile("busy machine", derandomize=True, **_PATIENT)
hypothesis_settings.register_profile("search", max_examples=1_000, **_PATIENT)
hypothesis_settings.load_profile("busy machine")

# A machine that stands still for ten seconds inside a transaction of a test is no finding either. (The portal's own
# processes, which tests start, keep the ten.)
db.OPTIONS = "-c timezone=UTC -c lock_timeout=120s -c idle_in_transaction_session_timeout=120s"

_ENGINES: dict[str, Engine] = {}


def _engine(*arguments: Any, **options: Any) -> Engine:
    """The engine that was asked for before in the same words: it remembers the statements it has worded.

    Tests' databases have the same name again and again, and wording anew takes as long as asking. Connections it
    has none: `_forget_process_caches` has closed them.
    """
    words = repr((arguments, sorted(options.items())))
    if words not in _ENGINES:
        _ENGINES[words] = create_engine(*arguments, **options)
    return _ENGINES[words]


db.create_engine = _engine


def pytest_configure(config: pytest.Config) -> None:
    """The first process begins the run; the others (xdist's workers) find it in their environment."""
    if VARIABLE not in os.environ:
        run = config.stash[RUN] = Run.begin()
        os.environ[VARIABLE] = str(run.directory)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the run in the process that began it."""
    if RUN in config.stash:
        del os.environ[VARIABLE]
        config.stash[RUN].end()


@pytest.fixture(scope="session")
def databases() -> Run:
    """This run's servers: more databases, templates and stores for tests that need their own."""
    return Run(Path(os.environ[VARIABLE]))


@pytest.fixture(scope="session")
def worker() -> str:
    """The name of this test process: `main`, or xdist's `gw0`, `gw1` …"""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgres_url(databases: Run, worker: str) -> str:
    """An empty PostgreSQL database of this test process's own (postgresql://…)."""
    return databases.database(f"test_{worker}")


@pytest.fixture(scope="session")
def redis_url(databases: Run, worker: str) -> str:
    """A Valkey of this test process's own (unix://…, no database number), empty when the session starts."""
    return databases.valkey(worker).url()


def _forget_process_caches() -> None:
    """Settings, connections and keys are kept per process: a test with other ones starts anew."""
    db._threads.cache_clear()
    if db.engine.cache_info().currsize:
        db.engine().dispose()
    for cached in (db.engine, settings, vault._box, queue_watch._redis, limits._shared, limits._own):
        cached.cache_clear()
    queues.connection.cache_clear()
    stripe_gateway.configured_gateway.cache_clear()


@pytest.fixture
def portal(
    databases: Run, worker: str, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[str]:
    """A freshly migrated, empty portal: database, queues and settings of this test's own. Its database URL."""
    template = databases.template("portal_template", _migrate)
    url = databases.database(f"portal_{worker}", template=template)
    with redis.Redis.from_url(redis_url) as store:
        store.flushall()
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": redis_url.removesuffix("db=0").rstrip("&?"),
        "SECRET_KEY": SECRET_KEY,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "BMC_NETWORKS": "127.0.0.0/8",
        "SWITCH_NETWORKS": "127.0.0.0/8",
        "DATA": str(tmp_path),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _forget_process_caches()
    yield url
    _forget_process_caches()


def _migrate(url: str) -> None:
    """As an operator does: `alembic upgrade head`, in a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
    )
