"""Every server of the data centre, for those who run it."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import fleet, topics
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import FleetRowView, FleetView, ProblemView, iso
from opsportal.state.wire import Page, address


class FleetAddress(Page):
    """/fleet?power=&q=&page="""

    power: Literal["", "on", "off", "unknown"] = ""


class FleetState(rx.State):
    """Every server of the data centre."""

    fleet: FleetView = FleetView()
    problem: ProblemView = ProblemView()
    power: str = ""
    q: str = ""

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        wanted = address(self, FleetAddress)
        self.power, self.q = wanted.power, wanted.q
        return await show(self, *SHELL, (FLEET, (wanted.power, wanted.q.strip(), wanted.page)))


def read_fleet(unit: Unit, actor: Actor, params: tuple[str, str, int]) -> FleetView:
    power, search, page = params
    found, total = fleet.list_fleet(actor, unit, search=search, power=power, page=page)
    counts = fleet.count_power(actor, unit)
    return FleetView(
        is_ready=True,
        **counts,
        rows=[
            FleetRowView(
                id=row.server.id or 0,
                name=row.server.name,
                site=row.server.site,
                rack=row.server.rack,
                model=row.server.model,
                ip=row.server.ip or "",
                power=row.server.power,
                power_verified_at=iso(row.server.power_verified_at),
                bmc_error_code=row.server.bmc_error_code or "",
                company=row.company.name if row.company else "",
                job_kind=row.active_job.kind if row.active_job else "",
                job_status=row.active_job.status if row.active_job else "",
            )
            for row in found
        ],
        total=total,
        page=page,
        pages=max(1, -(-total // fleet.PAGE)),
    )


FLEET = StateView(
    "fleet",
    FleetState,
    "fleet",
    read_fleet,
    lambda *_: frozenset({topics.FLEET, topics.JOBS}),
    empty=FleetView(),
)
