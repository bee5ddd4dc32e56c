"""A migrated, empty portal database for benchmarks of the domain, and the settings to go with it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from stack.disposable import Run
from tests.conftest import SECRET_KEY, _forget_process_caches, _migrate


@contextlib.contextmanager
def portal_database(**settings: str) -> Iterator[None]:
    """For the block this process is a portal of its own."""
    run = Run.begin()
    before = dict(os.environ)
    try:
        url = run.database("bench", template=run.template("portal_template", _migrate))
        os.environ.update(
            {
                "DATABASE_URL": url,
                "SECRET_KEY": SECRET_KEY,
                "REDIS_URL": run.valkey("bench").url(),
                **settings,
            }
        )
        _forget_process_caches()
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget_process_caches()
        run.end()
