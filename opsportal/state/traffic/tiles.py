"""The dashboard's tile of today's traffic.

The dashboard puts `pages.traffic.tiles.traffic_today_tile()` on its page and `(TRAFFIC_TODAY, None)` into the
`show(...)` of its `open`: the tile then loads, fails and renews itself apart from everything else there.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.traffic import topics
from opsportal.domain.traffic.today import read_company_day
from opsportal.domain.traffic.usage import read_usage_today
from opsportal.state.showing import StateView
from opsportal.state.traffic.views import TodayView
from opsportal.state.views import ProblemView, iso


class TrafficTodayState(rx.State):
    """What the servers of the actor's company moved since midnight."""

    today: TodayView = TodayView()
    problem: ProblemView = ProblemView()


def read_today(unit: Unit, actor: Actor, _: Any) -> TodayView:
    usage = read_usage_today(actor, unit)
    day = read_company_day(actor, unit)
    return TodayView(
        is_ready=True,
        servers=usage.servers,
        in_bytes=str(usage.in_bytes),
        out_bytes=str(usage.out_bytes),
        since=iso(usage.since),
        in_now_bps=usage.in_bps,
        out_now_bps=usage.out_bps,
        last_sample_at=iso(usage.last_sample_at),
        in_bps=list(day.in_bps),
        out_bps=list(day.out_bps),
    )


TRAFFIC_TODAY = StateView(
    "traffic_today",
    TrafficTodayState,
    "today",
    read_today,
    lambda actor, _: frozenset({topics.company(actor.company_id or 0)}),
    is_personal=True,  # today begins at the viewer's own midnight
    empty=TodayView(),
)
