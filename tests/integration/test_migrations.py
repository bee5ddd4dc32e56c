"""The migrations make exactly the tables that the models describe, and can be taken back."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
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


def rented(url: str) -> None:
    """Services as they were before they had a history."""
    with psycopg.connect(_plain(url)) as connection:
        connection.execute(
            "INSERT INTO company (name, country, currency, locale) VALUES ('Acme', 'CZ', 'EUR', 'en')"
        )
        connection.execute("INSERT INTO plan (family, name) VALUES ('storage', 'Storage')")
        connection.execute(
            "INSERT INTO service (company_id, plan_id, name, status, suspension_reason, price_minor, currency, term)"
            " VALUES (1, 1, 'runs', 'active', NULL, 4900, 'EUR', 'month'),"
            " (1, 1, 'waits', 'suspended', 'policy', 900, 'EUR', 'year')"
        )


def keep_what_was_there(url: str) -> None:
    """Each begins its history with how it stands; nothing of it is changed."""
    with psycopg.connect(_plain(url)) as connection:
        lines = connection.execute(
            "SELECT s.name, s.status, s.also_unpaid, c.kind, c.hold, c.actor_role, c.price_minor, c.term, c.price_before_minor"
            " FROM service s JOIN service_change c ON c.service_id = s.id ORDER BY c.id"
        ).fetchall()
    assert lines == [
        ("runs", "active", False, "recorded", None, "portal", 4900, "month", None),
        ("waits", "suspended", False, "recorded", "policy", "portal", 900, "year", None),
    ]


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg:", "postgresql:")


def test_up_compared_with_the_models_down_and_up_again(url: str) -> None:
    _alembic(url, "upgrade", "head")
    assert "No new upgrade operations detected" in _alembic(url, "check")
    _alembic(url, "downgrade", "base")
    _alembic(url, "upgrade", "0013")
    rented(url)
    _alembic(url, "upgrade", "head")
    keep_what_was_there(url)
    assert "No new upgrade operations detected" in _alembic(url, "check")
