"""`docs/protections.md` says what is true: what it names exists, and no test that takes a protection away is missing."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"Counted traffic", "What a tenant's BMC may answer", "What others try with consoles"}
"""Here tests show that something holds; everywhere else they take away what keeps it."""
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_KEPT = re.compile(r"`(\w+)` in ([\w/]+\.py)")
_TAKEN_AWAY = {"is_planted", "is_taken_out"}


def _rows() -> Iterator[tuple[str, list[str]]]:
    """Each row with the heading above it."""
    heading = ""
    for line in (ROOT / "docs/protections.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        elif line.startswith("| ") and "`" in line:
            yield heading, [cell.strip() for cell in line.strip("|").split("|")]


ROWS = list(_rows())


@functools.cache
def _tests(path: str) -> dict[str, set[str]]:
    """The tests of a module and what each is given."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name: {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def _named(row: list[str]) -> set[tuple[str, str]]:
    found = set(_TEST.findall(row[2]))
    assert found, row
    assert len(found) == row[2].count("::"), row
    return found


def test_every_test_and_every_place_exists() -> None:
    assert len(ROWS) > 70
    assert {heading for heading, _ in ROWS} > SHOWN
    for _, row in ROWS:
        for path, name in _named(row):
            assert name in _tests(path), f"{path}::{name}"
        kept = _KEPT.fullmatch(row[1])
        assert kept, row
        assert re.search(rf"\b{kept[1]}\b", (ROOT / kept[2]).read_text(encoding="utf-8")), row


def test_no_protection_is_left_out() -> None:
    taken_away = {
        (path.relative_to(ROOT).as_posix(), name)
        for folder in ("chaos", "integration", "workers")
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
        for name, arguments in _tests(path.relative_to(ROOT).as_posix()).items()
        if arguments & _TAKEN_AWAY or name.startswith("test_planted_")
    }
    assert len(taken_away) > 50
    listed = [(heading, _named(row)) for heading, row in ROWS]
    assert taken_away - set().union(*(named for _, named in listed)) == set()
    for heading, named in listed:
        assert heading in SHOWN or named <= taken_away, (heading, named - taken_away)
