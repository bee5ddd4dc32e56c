"""The traffic tab of a server: graph, totals, percentile, and what is to be known about gaps."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago
from opsportal.components.elements import card, download_link, skeleton
from opsportal.components.graphs import Line, graph, graph_table
from opsportal.components.states import empty, part
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import (
    chosen,
    duration,
    moment,
    number,
    rate,
    t,
    t_code,
    t_var,
    tn,
    volume,
    whole,
)
from opsportal.locale import N_
from opsportal.pages.traffic.cycle import cycle_card
from opsportal.state.traffic.graph import TrafficState

_SPANS = (("day", N_("Day")), ("week", N_("Week")), ("month", N_("Month")), ("year", N_("Year")))
_LENGTH = {
    "day": N_("The last 24 hours, an average for every 5 minutes"),
    "week": N_("The last 7 days, an average for every 30 minutes"),
    "month": N_("The last 30 days, an average for every 2 hours"),
    "year": N_("The last 365 days, an average for every day (UTC)"),
}
_SHOWN_GAPS = 8


def _lines(view: Any) -> tuple[Line, ...]:
    has_peaks = view.in_max_bps.length() > 0
    return (
        Line("in", t("In"), view.in_bps, "in", rx.cond(has_peaks, view.in_max_bps, None)),
        Line("out", t("Out"), view.out_bps, "out", rx.cond(has_peaks, view.out_max_bps, None)),
    )


def _spans() -> rx.Component:
    return rx.el.nav(
        *(
            QueryLink.create(t_var(words), set={"span": span}, initial={"span": "day"}, class_name="chip")
            for span, words in _SPANS
        ),
        class_name="chips",
        aria_label=t("Span of the graph"),
    )


def _now(view: Any) -> rx.Component:
    """The newest measurement; its parts change in place."""
    return rx.cond(
        view.latest_at,
        rx.el.p(
            rx.el.span(
                rx.el.i(class_name="swatch in", aria_hidden="true"),
                t("In"),
                " ",
                rx.el.b(rate(view.latest_in_bps), class_name="num"),
            ),
            rx.el.span(
                rx.el.i(class_name="swatch out", aria_hidden="true"),
                t("Out"),
                " ",
                rx.el.b(rate(view.latest_out_bps), class_name="num"),
            ),
            ago(view.latest_at, class_name="sub"),
            class_name="now",
        ),
        rx.el.p(t("No newer sample at present"), class_name="now"),
    )


def _figure(label: Any, value: Any, *below: Any, title: Any = None) -> rx.Component:
    shown = rx.el.b(value, class_name="num", **({} if title is None else {"title": title}))
    return rx.el.section(
        rx.el.small(label),
        shown,
        *(rx.el.span(line, class_name="sub") for line in below),
        class_name="card figure",
    )


def _figures(view: Any) -> rx.Component:
    both = t("in {received}, out {sent}", received=rate(view.in_p95_bps), sent=rate(view.out_p95_bps))
    return rx.el.div(
        _figure(t("Received (in)"), volume(view.in_bytes), t("{n} bytes exactly", n=whole(view.in_bytes))),
        _figure(t("Sent (out)"), volume(view.out_bytes), t("{n} bytes exactly", n=whole(view.out_bytes))),
        _figure(t("95th percentile"), rate(view.billed_bps), both, t_code(view.method, labels.PERCENTILE)),
        _figure(
            t("Samples"),
            number(view.samples),
            t(
                "of {expected} five-minute averages; {part} % of the time was measured",
                expected=view.expected,
                part=view.coverage_bp / 100,
            ),
        ),
        class_name="figures",
    )


_GAP_COLUMNS = (
    Column(t("Began"), lambda gap: rx.el.span(moment(gap.start), class_name="num nowrap")),
    Column(t("What happened"), lambda gap: t_code(gap.cause, labels.GAP)),
    Column(t("Length"), lambda gap: rx.el.span(duration(gap.seconds), class_name="num nowrap"), right=True),
)


def _gaps(view: Any) -> rx.Component:
    """What is missing, and why: nothing of it was made up."""
    return rx.cond(
        (view.gap_count > 0) | (view.interpolated.length() > 0),
        card(
            rx.cond(
                view.gap_count > 0,
                rx.fragment(
                    rx.el.p(
                        tn(
                            "{n} gap, {time} in all. Nothing is known about this time, so nothing is drawn and nothing is counted.",
                            "{n} gaps, {time} in all. Nothing is known about this time, so nothing is drawn and nothing is counted.",
                            n=view.gap_count,
                            time=duration(view.gap_s),
                        ),
                        class_name="sub card-line",
                    ),
                    table(
                        _GAP_COLUMNS,
                        view.gaps[:_SHOWN_GAPS],
                        key=lambda gap: f"{gap.start}{gap.cause}",
                        label=t("Gaps"),
                    ),
                ),
            ),
            rx.cond(
                view.interpolated.length() > 0,
                rx.el.p(
                    tn(
                        "In {n} step polls were missed. The sum is exact; how it falls on the minutes in between is assumed even.",
                        "In {n} steps polls were missed. The sum is exact; how it falls on the minutes in between is assumed even.",
                        n=view.interpolated.length(),
                    ),
                    class_name="sub card-note",
                ),
            ),
            title=t("Gaps and missed polls"),
        ),
    )


def _drawn(view: Any) -> rx.Component:
    label = t("Traffic of the server")
    lines = _lines(view)
    file = f"/servers/{view.server_id}/traffic.csv?span={view.span}"
    return rx.el.div(
        card(
            graph(
                lines,
                unit="bit/s",
                label=label,
                start=view.start,
                step=view.step_s,
                marks=[(t("95th percentile"), view.billed_bps)],
                gaps=view.gaps,
                words=dict(labels.GAP),
                covered=view.covered_s,
                interpolated=view.interpolated,
                subject=f"{view.server_id}",
            ),
            rx.el.div(
                rx.el.p(
                    t("Seen from the server: in is what it received, out is what it sent."), class_name="sub"
                ),
                download_link(t("Download CSV"), href=file),
                graph_table(
                    lines,
                    unit="bit/s",
                    label=label,
                    start=view.start,
                    step=view.step_s,
                    covered=view.covered_s,
                ),
                class_name="graph-foot",
            ),
            title=t_var(chosen(view.span, _LENGTH, otherwise="")),
        ),
        _figures(view),
        cycle_card(view.server_id),
        _gaps(view),
        class_name="stack traffic",
    )


def _no_port() -> rx.Component:
    return card(
        empty(
            t("No traffic is measured here"),
            t("No switch port is on record for this server. As soon as one is, its traffic appears here."),
        )
    )


def _loading() -> rx.Component:
    return card(rx.el.div(class_name="graph-plot skeleton", aria_busy="true"), title=skeleton("title"))


def traffic_tab() -> rx.Component:
    """Everything below the tabs. It loads, fails and renews itself apart from the rest of the page."""
    view = TrafficState.graph
    return part(
        TrafficState.problem,
        ready=view.is_ready & (view.server_id == route_number("server_id")),
        content=rx.cond(
            view.has_port,
            rx.fragment(rx.el.div(_spans(), _now(view), class_name="toolbar"), _drawn(view)),
            _no_port(),
        ),
        loading=_loading(),
    )
