"""Fixtures for every test: the run's PostgreSQL and Valkey."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stack.disposable import Run

RUN = pytest.StashKey[Run]()
VARIABLE = "OPSPORTAL_TEST_RUN"


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
