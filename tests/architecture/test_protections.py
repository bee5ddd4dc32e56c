"""`docs/protections.md` says what is true: what it names exists, and no test that takes a protection away is missing."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/protections.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and "`" in line
]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_KEPT = re.compile(r"`(\w+)` in ([\w/]+\.py)")
TAKEN_AWAY = {"is_planted", "is_taken_out"}


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
    assert len(found) == row[2].count("::"), row
    return found


def test_every_test_and_every_place_exists() -> None:
    assert len(ROWS) > 50
    for row in ROWS:
        named = _named(row)
        assert named, row
        for path, name in named:
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
        if arguments & TAKEN_AWAY or name.startswith("test_planted_")
    }
    named = set().union(*(_named(row) for row in ROWS))
    assert taken_away - named == set()
    # Above the rules of counting, where nothing is planted, each row names a test that takes something away.
    kinds = {path.split("/")[1] for path, _ in named & taken_away}
    assert kinds == {"chaos", "integration", "workers"}
    for row in ROWS:
        if "traffic" not in row[1] and "switches/" not in row[1]:
            assert _named(row) <= taken_away, row
