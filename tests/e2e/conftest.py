"""One demo and one browser for all browser tests of a process; they take turns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, sync_playwright

from stack.disposable import Run, state_directory
from tests import addresses
from tests.e2e.portal import Portal, running_portal
from tests.e2e.visitors import CHROMIUM_ARGUMENTS, Visitors
from tests.tools import need_tool

# Not the session: while Playwright runs, its event loop would be in the way of other tests' loops.
FOR_ALL: Literal["package"] = "package"


@pytest.fixture(scope=FOR_ALL)
def chromium(databases: Run) -> Iterator[Browser]:
    path = need_tool("chromium")
    with addresses.kept(databases), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope=FOR_ALL)
def portal() -> Iterator[Portal]:
    with state_directory() as state, running_portal(state) as running:
        yield running


@pytest.fixture(scope=FOR_ALL)
def _visitors(portal: Portal, chromium: Browser) -> Visitors:
    return Visitors(portal, chromium)


@pytest.fixture
def visitors(_visitors: Visitors) -> Iterator[Visitors]:
    """People with browsers; a fault in any of their pages fails the test."""
    yield _visitors
    _visitors.leave()
