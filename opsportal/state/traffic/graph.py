"""The graph of one server. The server's page shows it on its tab; it is read and renewed apart from the rest."""

from __future__ import annotations

from typing import Literal, get_args

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.figures import Gap, GraphData, Span
from opsportal.domain.traffic.graphs import read_graph
from opsportal.state.showing import StateView
from opsportal.state.traffic.views import GapView, GraphView
from opsportal.state.views import ProblemView, iso

SpanName = Literal["day", "week", "month", "year"]
assert set(get_args(SpanName)) == {span.value for span in Span}

GAPS_SHOWN = 200
"""More than that cannot be told apart in a drawing; the sums count them all."""


class TrafficState(rx.State):
    """The graph that is open in this tab."""

    graph: GraphView = GraphView()
    problem: ProblemView = ProblemView()


def read_server_graph(unit: Unit, actor: Actor, params: tuple[int, str]) -> GraphView:
    server_id, span = params
    return graph_view(read_graph(actor, unit, server_id, span=Span(span)))


def graph_view(data: GraphData) -> GraphView:
    """What the browser gets of a graph."""
    points, share, latest = data.points, data.percentile, data.latest
    has_peaks = data.span != Span.DAY.value  # a point of a day is one average: its highest is itself
    return GraphView(
        is_ready=True,
        server_id=data.server_id,
        span=data.span,
        start=iso(data.start),
        end=iso(data.end),
        step_s=data.slot_s,
        in_bps=[point.in_bps for point in points],
        out_bps=[point.out_bps for point in points],
        in_max_bps=[point.in_max_bps for point in points] if has_peaks else [],
        out_max_bps=[point.out_max_bps for point in points] if has_peaks else [],
        covered_s=[point.covered_s for point in points],
        interpolated=[at for at, point in enumerate(points) if point.is_interpolated],
        gaps=[_gap_view(gap) for gap in data.gaps[::-1][:GAPS_SHOWN]],
        gap_count=len(data.gaps),
        gap_s=sum(_seconds(gap) for gap in data.gaps),
        in_bytes=str(data.totals.in_bytes),
        out_bytes=str(data.totals.out_bytes),
        method=share.method,
        in_p95_bps=share.in_bps,
        out_p95_bps=share.out_bps,
        billed_bps=share.billed_bps,
        samples=share.samples,
        expected=share.expected,
        coverage_bp=share.coverage_bp,
        latest_at=iso(latest.at) if latest else "",
        latest_in_bps=latest.in_bps if latest else None,
        latest_out_bps=latest.out_bps if latest else None,
        has_port=data.has_port,
    )


def _gap_view(gap: Gap) -> GapView:
    return GapView(iso(gap.start), iso(gap.end), gap.cause, _seconds(gap))


def _seconds(gap: Gap) -> int:
    return int((gap.end - gap.start).total_seconds())


GRAPH = StateView(
    "graph",
    TrafficState,
    "graph",
    read_server_graph,
    lambda _, params: frozenset({topics.server(params[0])}),
    empty=GraphView(),
)
