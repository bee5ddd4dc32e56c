"""What a benchmark found: one row per figure, written to build/bench.json and shown as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
"""name, value, unit, peer, peer_value, ratio. Ratio above 1: better than the peer, whichever way is better."""

FIELDS = ("name", "value", "unit", "peer", "peer_value", "ratio")


def less_is_better(name: str, value: float, unit: str, *, peer: str, peer_value: float) -> Row:
    """A time or a size: the ratio says how many times the peer's figure is ours."""
    return _row(name, value, unit, peer, peer_value, peer_value / value)


def more_is_better(name: str, value: float, unit: str, *, peer: str, peer_value: float) -> Row:
    """A rate: the ratio says how many times ours is the peer's."""
    return _row(name, value, unit, peer, peer_value, value / peer_value)


def check(rows: Sequence[Row]) -> None:
    """Raise ValueError unless every row has all fields and figures that somebody measured."""
    for row in rows:
        if set(row) != set(FIELDS):
            raise ValueError(f"a row must have {FIELDS}, not {tuple(row)}")
        if not row["value"] > 0 or (row["peer"] and not row["peer_value"] > 0):
            raise ValueError(f"{row['name']} measured nothing: {row}")


def write(rows: Sequence[Row], target: Path) -> None:
    """The rows of this run, and nothing of earlier ones."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_text(json.dumps(rows, indent=1) + "\n")
    fresh.rename(target)


def table(rows: Sequence[Row]) -> str:
    """The rows for people, one a line."""
    head = ("", "value", "unit", "peer's", "ratio", "peer")
    lines = [head, *(_line(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _row(name: str, value: float, unit: str, peer: str, peer_value: float, ratio: float) -> Row:
    figures = (_rounded(value), unit, peer, _rounded(peer_value), round(ratio, 2))
    return dict(zip(FIELDS, (name, *figures), strict=True))


def _rounded(value: float) -> float:
    return round(value, 2 if value < 100 else 1)


def _line(row: Row) -> tuple[str, ...]:
    ratio = f"{row['ratio']:.2f}" if row["peer"] else "–"
    peer_value = f"{row['peer_value']:g}" if row["peer"] else "–"
    return (row["name"], f"{row['value']:g}", row["unit"], peer_value, ratio, row["peer"])


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    is_number = (False, True, False, True, True, False)
    cells = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(line, widths, is_number, strict=True)
    )
    return "  ".join(cells).rstrip()


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least `percent` in a hundred do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
