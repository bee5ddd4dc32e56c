"""One portal for a whole module: each test has companies of its own, and money knows no other."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from stack.disposable import Run
from tests.conftest import SECRET_KEY, _forget_process_caches, _migrate
from tests.integration.billing.renewing import TODAY


@pytest.fixture(scope="module")
def books(databases: Run, worker: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a migrated database that the tests of a module share. No Redis is needed."""
    url = databases.database(f"books_{worker}", template=databases.template("portal_template", _migrate))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET_KEY,
            "DATA": str(tmp_path_factory.mktemp("books")),
        }.items():
            patch.setenv(name, value)
        _forget_process_caches()
        yield url
        _forget_process_caches()


@pytest.fixture(params=["topup", "invoice"])
def tax_at(request: pytest.FixtureRequest, books: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways of taking tax, in turn."""
    from opsportal.settings import settings

    monkeypatch.setenv("TAX_AT", request.param)
    settings.cache_clear()
    yield request.param
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def on_a_fixed_day() -> Iterator[None]:
    with calendar.as_of(calendar.noon(TODAY)):
        yield


@pytest.fixture
def alone(books: str) -> None:
    """Services of earlier tests have ended, so that runs over all companies find only this test's."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE service SET status = 'terminated', suspension_reason = NULL"))
