"""Stock at a glance: what is on its way back, what is broken, what can be let."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import changes
from opsportal.domain.hardware import topics
from opsportal.domain.inventory import cleanings, discovery, labels, orders, places, scores, stock
from opsportal.domain.inventory.topics import STOCK
from opsportal.models import Cleaning, Power, Server, StockStatus
from opsportal.models.base import utcnow
from opsportal.state.guard import allow
from opsportal.state.inventory.reasons import Reason, reasons_of
from opsportal.state.inventory.views import ChoiceView, StockRowView, StockView
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, address

ON_THE_WAY = (StockStatus.FAULTY, StockStatus.QUARANTINED, StockStatus.CLEANING, StockStatus.VERIFIED)


class StockAddress(Address):
    """/stock?status="""

    status: Literal["", "quarantined", "cleaning", "verified", "available", "faulty"] = ""


class StockState(rx.State):
    """Machines without a tenant."""

    stock: StockView = StockView()
    problem: ProblemView = ProblemView()
    status: str = ""

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        self.status = address(self, StockAddress).status
        return await show(self, *SHELL, (STOCK_VIEW, self.status))


def read_stock(unit: Unit, actor: Actor, status: str) -> StockView:
    wanted = (StockStatus(status),) if status else ON_THE_WAY
    servers = stock.list_stock(actor, unit, statuses=wanted)
    numbers = [server.id for server in servers if server.id is not None]
    steps = changes.list_changes(unit, "stock", numbers)
    reasons = reasons_of(unit, steps)
    found = scores.scores_of(unit, servers, now=utcnow())
    open_ones = select(Cleaning).where(
        col(Cleaning.server_id).in_(numbers), col(Cleaning.finished_at).is_(None)
    )
    cleaning = {one.server_id: one.id or 0 for one in unit.exec(open_ones)}
    rows = [_row(unit, server, steps.get(server.id or 0), reasons, cleaning, found) for server in servers]
    return StockView(
        is_ready=True,
        counts=stock.count_stock(actor, unit).by_status,
        rows=rows,
        status=status,
        racks=[
            ChoiceView(row.rack.id or 0, f"{row.site.name} · {row.rack.name}")
            for row in places.list_racks(actor, unit)
        ],
        orders=[one.order.ref for one in orders.list_orders(actor, unit) if one.arrived < one.order.machines],
    )


def _row(
    unit: Unit, server: Server, steps: Any, reasons: dict[int, Reason], cleaning: dict[int, int], found: Any
) -> StockRowView:
    number = server.id or 0
    last = steps[-1] if steps else None
    states = cleanings.states_of(unit, cleaning[number]) if number in cleaning else []
    reason = reasons[last.id] if last else Reason("", "", "")
    return StockRowView(
        id=number,
        name=server.name,
        label=labels.label_of(number),
        model=server.model,
        place=f"{server.site} · {server.rack}".strip(" ·"),
        status=server.stock_status,
        reason=reason.words,
        failed_step=reason.step,
        failed_subject=reason.subject,
        since=iso(last.at) if last else "",
        done=sum(state.is_good for state in states),
        needed=len(states),
        confidence=found[number].total,
        silent_since=iso(server.bmc_failed_at) if server.power == Power.UNKNOWN else "",
    )


STOCK_VIEW = StateView(
    "stock",
    StockState,
    "stock",
    read_stock,
    lambda *_: frozenset({STOCK, topics.FLEET, discovery.TOPIC}),
    empty=StockView(),
)
