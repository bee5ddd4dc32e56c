"""The order of tests in a run of everything: quick ones first, browser tests last and one by one.

A pytest plugin that the Makefile loads (`-p tests.ordering`). Tests with the `e2e` mark are one group
for xdist: they share one portal and measure what a person would wait for, so they take turns.
"""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

FIRST_DIRECTORIES = ("architecture", "unit", "bmc", "lab", "state", "integration", "stack")
END_TO_END = "e2e"
ONE_PORTAL_EACH = "tests/doors/"
"""Modules that run one portal for all their tests."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sorts by kind, keeping the order within each."""
    for item in items:
        if _is_marked(item, END_TO_END):
            item.add_marker(pytest.mark.xdist_group(END_TO_END))
    items.sort(key=lambda item: _rank(item))


def _rank(item: pytest.Item) -> tuple[bool, bool, int]:
    directory = item.path.relative_to(item.config.rootpath).parts[1]
    is_known = directory in FIRST_DIRECTORIES
    place = FIRST_DIRECTORIES.index(directory) if is_known else len(FIRST_DIRECTORIES)
    return _is_marked(item, END_TO_END), _is_marked(item, "slow"), place


def _is_marked(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Who runs what, by place: pytest 9.2 drops the group marks that xdist 3.8 puts into node ids."""
    return ByPlace(config, log)


class ByPlace(LoadScopeScheduling):
    """Tests one by one, but those that share a portal in one process."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith("tests/e2e/"):
            return END_TO_END
        return nodeid.split("::")[0] if nodeid.startswith(ONE_PORTAL_EACH) else nodeid
