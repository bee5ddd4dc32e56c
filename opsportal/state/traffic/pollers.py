"""The switches that are polled, for those who run the data centre."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic import pollers, ports, topics
from opsportal.domain.traffic.figures import PollerRow
from opsportal.domain.traffic.ports import PortRow
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.traffic.views import PollersView, PollerView, PortView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, address


class PollersAddress(Address):
    """/pollers?switch="""

    switch: Annotated[int, Field(ge=0, lt=2**63)] = 0


class PollersState(rx.State):
    """How polling goes, live."""

    pollers: PollersView = PollersView()
    problem: ProblemView = ProblemView()

    @allow(Permission.POLLERS_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (POLLERS, address(self, PollersAddress).switch))


def read_pollers(unit: Unit, actor: Actor, switch_id: int) -> PollersView:
    rows = pollers.list_pollers(actor, unit)
    opened = ports.list_ports(actor, unit, switch_id) if switch_id else []
    return PollersView(
        is_ready=True,
        rows=[_poller_view(row) for row in rows],
        ports_total=sum(row.ports for row in rows),
        failing=sum(row.error_code is not None for row in rows),
        open_id=switch_id,
        open_name=next((row.name for row in rows if row.switch_id == switch_id), ""),
        ports=[_port_view(port) for port in opened],
    )


def _poller_view(row: PollerRow) -> PollerView:
    return PollerView(
        id=row.switch_id,
        name=row.name,
        site=row.site,
        host=row.host,
        ports=row.ports,
        missing_ports=row.missing_ports,
        last_sample_at=iso(row.last_sample_at),
        last_attempt_at=iso(row.last_attempt_at),
        poll_ms=row.poll_ms,
        error_code=row.error_code or "",
        failed_since=iso(row.failed_since),
        gaps=row.gaps,
        gap_s=row.gap_s,
        status="failing" if row.error_code else "ok" if row.last_sample_at else "waiting",
    )


def _port_view(port: PortRow) -> PortView:
    return PortView(
        id=port.port_id,
        name=port.if_name,
        index=port.if_index,
        speed_mbps=port.speed_mbps,
        counter_bits=port.counter_bits,
        link=_link(port),
        server_id=port.server_id or 0,
        server=port.server,
    )


def _link(port: PortRow) -> str:
    if port.if_index is None:
        return "missing"
    return {True: "up", False: "down", None: "unknown"}[port.is_up]


POLLERS = StateView(
    "pollers",
    PollersState,
    "pollers",
    read_pollers,
    lambda *_: frozenset({topics.POLLERS}),
    empty=PollersView(),
)
