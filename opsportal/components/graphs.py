"""Values over time, drawn in the browser: lines or stacked bars, gaps as gaps, and the same numbers as a table.

    graph(
        [Line("in", t("In"), view.in_bps, "in"), Line("out", t("Out"), view.out_bps, "out")],
        unit="bit/s", label=t("Traffic"), start=view.start, step=view.step_s,
    )

Money works the same, a bar a day or month: `unit` is then the currency, the values are minor units, and
`at` lists the days ("2026-11-22") instead of `start` and `step`. With `shape="bars"` lines are stacked.
The drawing keeps zoom and hover while values change; on a page without a graph nothing of it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx


class Graph(rx.Component):
    """The drawing with its legend."""

    library = "$/portal/graph"
    tag = "Graph"

    lines: rx.Var[list[dict[str, Any]]]
    marks: rx.Var[list[dict[str, Any]]]
    gaps: rx.Var[list[Any]]
    words: rx.Var[dict[str, str]]
    unit: rx.Var[str]
    shape: rx.Var[str]
    label: rx.Var[str]
    start: rx.Var[str]
    step: rx.Var[int]
    at: rx.Var[list[str]]
    covered: rx.Var[list[int]]
    interpolated: rx.Var[list[int]]
    subject: rx.Var[Any]


class GraphTable(rx.Component):
    """The numbers of a graph as a table that opens on demand."""

    library = "$/portal/graph"
    tag = "GraphTable"

    lines: rx.Var[list[dict[str, Any]]]
    unit: rx.Var[str]
    label: rx.Var[str]
    start: rx.Var[str]
    step: rx.Var[int]
    at: rx.Var[list[str]]
    covered: rx.Var[list[int]]


class Sparkline(rx.Component):
    """A small line without axes."""

    library = "$/portal/graph"
    tag = "Sparkline"

    lines: rx.Var[list[dict[str, Any]]]
    label: rx.Var[str]
    fitted: rx.Var[bool]


@dataclass(frozen=True)
class Line:
    """One line, or one part of stacked bars. `values`: a list Var of whole numbers, None where there is a gap.

    `tone`: in, out, third, fourth or fifth (assets/styles/graph.css). `peaks`: the highest value inside each
    step, drawn faintly.
    """

    key: str
    label: Any
    values: Any
    tone: str
    peaks: Any = None

    def described(self) -> dict[str, Any]:
        shown = {"key": self.key, "label": self.label, "values": self.values, "tone": self.tone}
        return shown if self.peaks is None else {**shown, "peaks": self.peaks}


def graph(
    lines: Sequence[Line],
    *,
    unit: Any,
    label: Any,
    start: Any = "",
    step: Any = 0,
    at: Any = None,
    marks: Sequence[tuple[Any, Any]] = (),
    shape: str = "line",
    class_name: str = "",
    **more: Any,
) -> rx.Component:
    """The drawing. `unit`: "bit/s", "B", an ISO 4217 currency (values in minor units) or "" for plain numbers.

    `start` (ISO 8601) and `step` (seconds) place the values in time, or `at` with a day for each. `marks`:
    (label, value) of horizontal lines. More: `gaps` (a list Var of {start, end, cause}) with the `words` for their
    causes, `covered` (measured seconds of each step), `interpolated` (indices), `subject` (when it changes,
    zoom begins anew).
    """
    return Graph.create(
        lines=[line.described() for line in lines],
        marks=[{"label": text, "value": value} for text, value in marks],
        unit=unit,
        label=label,
        shape=shape,
        class_name=class_name,
        **_timed(start, step, at),
        **more,
    )


def graph_table(
    lines: Sequence[Line],
    *,
    unit: Any,
    label: Any,
    start: Any = "",
    step: Any = 0,
    at: Any = None,
    **more: Any,
) -> rx.Component:
    """The same values, exactly, newest first: for those who do not see the drawing, and for copying."""
    return GraphTable.create(
        lines=[line.described() for line in lines],
        unit=unit,
        label=label,
        **_timed(start, step, at),
        **more,
    )


def sparkline(lines: Sequence[Line], *, label: Any, fitted: bool = False) -> rx.Component:
    """A line beside a number. `label` says in words what it shows.

    It stands on zero; with `fitted` on its own lowest value, for what never comes near zero.
    """
    return Sparkline.create(lines=[line.described() for line in lines], label=label, fitted=fitted)


def _timed(start: Any, step: Any, at: Any) -> dict[str, Any]:
    return {"start": start, "step": step} if at is None else {"at": at, "step": 86_400}
