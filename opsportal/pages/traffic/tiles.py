"""The dashboard's tile of today's traffic. State and reader: `opsportal.state.traffic.tiles`."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.clock import ago
from opsportal.components.elements import card
from opsportal.components.graphs import Line, sparkline
from opsportal.components.states import empty, lines
from opsportal.components.text import rate, t, t_var, tn, volume, whole
from opsportal.locale import N_
from opsportal.state.traffic.tiles import TrafficTodayState


def _direction(tone: str, label: Any, total: Any, now: Any) -> rx.Component:
    return rx.el.div(
        rx.el.small(rx.el.i(class_name=f"swatch {tone}", aria_hidden="true"), label),
        rx.el.b(volume(total), class_name="num", title=t("{n} bytes exactly", n=whole(total))),
        rx.cond(now != None, rx.el.span(t("now {rate}", rate=rate(now)), class_name="sub num")),  # noqa: E711
        class_name="figure",
    )


def _shown(view: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            _direction("in", t("In"), view.in_bytes, view.in_now_bps),
            _direction("out", t("Out"), view.out_bytes, view.out_now_bps),
            class_name="pair",
        ),
        sparkline(
            [Line("in", t("In"), view.in_bps, "in"), Line("out", t("Out"), view.out_bps, "out")],
            label=t("Traffic of all servers in the last 24 hours"),
        ),
        rx.el.p(
            tn("{n} server", "{n} servers", n=view.servers),
            rx.cond(
                view.last_sample_at,
                rx.fragment(" · ", ago(view.last_sample_at, text=N_("measured {ago}"))),
            ),
            class_name="sub",
        ),
        class_name="traffic-today",
    )


def traffic_today_tile() -> rx.Component:
    """Bytes since the viewer's midnight and the last 24 hours as a line; loads, fails and renews itself."""
    view, problem = TrafficTodayState.today, TrafficTodayState.problem
    nothing = empty(
        t("No traffic is measured yet"),
        t("What your servers receive and send appears here as soon as their ports are connected."),
    )
    return card(
        rx.cond(
            problem.code,
            rx.el.p(t_var(problem.msgid, {"error_id": problem.error_id}), class_name="refusal", role="alert"),
            rx.cond(view.is_ready, rx.cond(view.servers > 0, _shown(view), nothing), lines(4, "two")),
        ),
        title=t("Traffic today"),
    )
