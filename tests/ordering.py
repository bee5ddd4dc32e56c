"""The order of tests in a run of everything: quick ones first, browser tests last.

A pytest plugin that the Makefile loads (`-p tests.ordering`). Tests that share something big, such as
one portal for all browser tests, carry an `xdist_group` mark: each group runs in one process, in turn.
"""

from __future__ import annotations

import pytest

FIRST_DIRECTORIES = (
    "architecture",
    "unit",
    "bmc",
    "switches",
    "lab",
    "state",
    "doors",
    "workers",
    "integration",
    "stack",
)
END_TO_END = "e2e"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by kind, keeping the order within each."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, bool, int]:
    directory = item.path.relative_to(item.config.rootpath).parts[1]
    is_known = directory in FIRST_DIRECTORIES
    place = FIRST_DIRECTORIES.index(directory) if is_known else len(FIRST_DIRECTORIES)
    return _is_marked(item, END_TO_END), _is_marked(item, "slow"), place


def _is_marked(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
