"""The migrations make exactly the tables that the models describe, and can be taken back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from stack.disposable import Run
from tests.conftest import ROOT


@pytest.fixture
def url(databases: Run, worker: str) -> str:
    return databases.database(f"migrations_{worker}")


def _alembic(url: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *words],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_up_compared_with_the_models_down_and_up_again(url: str) -> None:
    _alembic(url, "upgrade", "head")
    assert "No new upgrade operations detected" in _alembic(url, "check")
    _alembic(url, "downgrade", "base")
    _alembic(url, "upgrade", "head")
    assert "No new upgrade operations detected" in _alembic(url, "check")
