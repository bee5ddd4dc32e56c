"""The order of tests in a run of everything, and the number of processes that share them.

A pytest plugin that the Makefile loads (`-p tests.ordering`). Tests that share something big, such as
one portal for all browser tests, carry an `xdist_group` mark: each group runs in one process, in turn.

Processes shall end together. So what is long comes first: browser tests at once, in two processes of their own;
beside them the groups, directory by directory; and at the end thousands of small tests fill every process. One process
alone leaves the browser tests for last.
"""

from __future__ import annotations

import os

import pytest

FIRST_DIRECTORIES = (
    "doors",
    "stack",
    "chaos",
    "chain",
    "consoles",
    "integration",
    "workers",
    "lab",
    "bmc",
    "switches",
    "state",
    "unit",
    "architecture",
)
END_TO_END = "e2e"


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: these tests wait for real parts, too."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by kind, keeping the order within each."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> tuple[bool, bool, int, bool]:
    directory = item.path.relative_to(item.config.rootpath).parts[1]
    is_known = directory in FIRST_DIRECTORIES
    place = FIRST_DIRECTORIES.index(directory) if is_known else len(FIRST_DIRECTORIES)
    is_beside_others = hasattr(item.config, "workerinput")
    is_later = _is_marked(item, END_TO_END) != is_beside_others
    return is_later, not _is_marked(item, "xdist_group"), place, not _is_marked(item, "slow")


def _is_marked(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
