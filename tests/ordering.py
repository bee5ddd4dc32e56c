"""The order of tests in a run of everything: quick ones first, browser tests last and one by one.

A pytest plugin that the Makefile loads (`-p tests.ordering`). Tests with the `e2e` mark are one group
for xdist: they share one portal and measure what a person would wait for, so they take turns.
"""

from __future__ import annotations

import pytest

FIRST_DIRECTORIES = ("architecture", "unit", "bmc", "lab", "state", "integration", "stack")
END_TO_END = "e2e"


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
