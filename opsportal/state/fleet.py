"""Every server of the data centre, for those who run it."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.fleet import FleetRow
from opsportal.domain.inventory import parts, scores, stock
from opsportal.domain.inventory.topics import STOCK
from opsportal.models import Bmc
from opsportal.models.base import utcnow
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import FleetRowView, FleetView, ProblemView, iso
from opsportal.state.wire import Page, address


class FleetAddress(Page):
    """/fleet?power=&stock=&q=&page="""

    power: Literal["", "on", "off", "unknown"] = ""
    stock: Literal["", "leased", "quarantined", "cleaning", "verified", "available", "faulty"] = ""


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
        return await show(self, *SHELL, (FLEET, (wanted.power, wanted.stock, wanted.q.strip(), wanted.page)))


def read_fleet(unit: Unit, actor: Actor, params: tuple[str, str, str, int]) -> FleetView:
    power, stock_status, search, page = params
    found, total = fleet.list_fleet(actor, unit, search=search, power=power, stock=stock_status, page=page)
    return FleetView(
        is_ready=True,
        **fleet.count_power(actor, unit),
        rows=_rows(unit, found),
        total=total,
        page=page,
        pages=max(1, -(-total // fleet.PAGE)),
        stock=stock.count_stock(actor, unit).by_status,
    )


def _rows(unit: Unit, found: list[FleetRow]) -> list[FleetRowView]:
    servers = [row.server for row in found]
    numbers = [server.id for server in servers if server.id is not None]
    confidence = scores.scores_of(unit, servers, now=utcnow())
    seen = parts.newest_inspections(unit, numbers)
    bmcs = {bmc.server_id: bmc.host for bmc in unit.exec(select(Bmc).where(col(Bmc.server_id).in_(numbers)))}
    return [
        FleetRowView(
            id=number,
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
            stock=row.server.stock_status,
            confidence=confidence[number].total,
            differences=len(seen[number].differences) if number in seen else 0,
            bmc=bmcs.get(number, ""),
        )
        for number, row in zip(numbers, found, strict=True)
    ]


FLEET = StateView(
    "fleet",
    FleetState,
    "fleet",
    read_fleet,
    lambda *_: frozenset({topics.FLEET, topics.JOBS, STOCK}),
    empty=FleetView(),
)
