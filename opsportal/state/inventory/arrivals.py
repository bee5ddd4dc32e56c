"""What is on its way: orders that are expected, and BMCs that answer in the management networks."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

import reflex as rx
from pydantic import Field
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import topics
from opsportal.domain.inventory import deliveries, discovery, orders
from opsportal.domain.inventory.discovery import Seen
from opsportal.domain.inventory.topics import STOCK
from opsportal.models import BmcSweep, Server
from opsportal.settings import settings
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.arrival_views import ArrivalsView, CameView, OrderView, SeenView, SweepView
from opsportal.state.inventory.work import Words, take
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, Id, address

OrderText = Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$")]
Machines = Annotated[int, Field(ge=0, le=1_000_000)]


class ArrivalsAddress(Address):
    """/arrivals?search=&order="""

    search: Annotated[int, Field(ge=0, lt=2**63)] = 0
    order: Annotated[int, Field(ge=0, lt=2**63)] = 0


class Chosen(NamedTuple):
    """The search whose findings are shown, 0: the newest; and the order that somebody looks for, 0: none."""

    search: int = 0
    order: int = 0


class ArrivalsState(rx.State):
    """Orders that are expected, and searches for BMCs."""

    arrivals: ArrivalsView = ArrivalsView()
    problem: ProblemView = ProblemView()
    answer: AnswerView = AnswerView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        wanted = address(self, ArrivalsAddress)
        return await show(self, *SHELL, (ARRIVALS, Chosen(wanted.search, wanted.order)))

    @allow(Permission.FLEET_MANAGE)
    async def search(self, draft: Draft, where: Words, ipmi_ports: Words, redfish_ports: Words) -> None:
        """Have a management network searched for BMCs."""
        asked = {"where": where, "ipmi_ports": ipmi_ports, "redfish_ports": redfish_ports}
        await take(self, draft, discovery.ask, current_actor(), **asked)

    @allow(Permission.STOCK_MANAGE)
    async def enter_order(self, draft: Draft, ref: Words, machines: Machines, parts: OrderText) -> None:
        """Write down what was ordered, before it comes."""
        await take(self, draft, orders.enter, current_actor(), ref=ref, machines=machines, parts=parts)

    @allow(Permission.STOCK_MANAGE)
    async def accept(self, draft: Draft, inspection_id: Id, reason: Words) -> None:
        """Take a machine as it is, although it is not as ordered."""
        await take(self, draft, deliveries.accept, current_actor(), inspection_id, reason=reason)

    @allow(Permission.STOCK_MANAGE)
    async def send_back(self, draft: Draft, inspection_id: Id, reason: Words) -> None:
        """Refuse a machine that is not as ordered."""
        await take(self, draft, deliveries.send_back, current_actor(), inspection_id, reason=reason)


def read_arrivals(unit: Unit, actor: Actor, chosen: Chosen) -> ArrivalsView:
    expected = orders.list_orders(actor, unit, looked_for=chosen.order)
    came = orders.list_came(actor, unit, [one.order.ref for one in expected])
    sweeps = discovery.list_sweeps(actor, unit)
    shown = next((one for one in sweeps if one.id == chosen.search), sweeps[0] if sweeps else None)
    seen = discovery.list_seen(actor, unit, shown.id or 0) if shown else []
    names = _names(unit, [one.server_id for one in seen if one.server_id])
    return ArrivalsView(
        is_ready=True,
        networks=[str(network) for network in settings().bmc_networks],
        orders=[_order(one, came.get(one.order.ref.lower(), [])) for one in expected],
        sweep=_sweep(shown) if shown else SweepView(),
        seen=[_seen(one, names) for one in seen],
        known=sum(one.server_id is not None for one in seen),
        sweeps=[_sweep(one) for one in sweeps],
    )


def _names(unit: Unit, numbers: list[int]) -> dict[int, str]:
    query = select(Server.id, Server.name).where(col(Server.id).in_(numbers))
    return {number: name for number, name in unit.exec(query) if number is not None}


def _order(one: orders.Expected, came: list[orders.Came]) -> OrderView:
    order = one.order
    parts = [f"{line['count']} × {line['kind']} {line.get('model', '')}".strip() for line in order.lines]
    to = f"/intake?{urlencode({'order': order.ref})}"
    return OrderView(
        order.id or 0,
        order.ref,
        order.machines,
        one.arrived,
        parts,
        order.actor_name,
        iso(order.entered_at),
        to,
        [CameView(m.server.id or 0, m.server.name, m.server.stock_status, m.differs) for m in came],
    )


def _sweep(one: BmcSweep) -> SweepView:
    if one.finished_at is not None:
        status = "failed" if one.error_code else "done"
    elif discovery.is_lost(one):
        status = "failed"
    else:
        status = "running" if one.seen_at else "waiting"
    code = one.error_code or ("worker_lost" if discovery.is_lost(one) else "")
    return SweepView(
        one.id or 0, one.asked_for, status, one.doors, one.knocked, one.actor_name, iso(one.asked_at), code,
        discovery.text_of(one.ipmi_ports), discovery.text_of(one.redfish_ports),
    )  # fmt: skip


def _seen(one: Seen, names: dict[int, str]) -> SeenView:
    row, facts = one.sighting, one.sighting.facts
    place = f"[{row.host}]:{row.port}" if ":" in row.host else f"{row.host}:{row.port}"
    known = {"host": row.host, "port": row.port, "kind": row.kind, "fingerprint": row.fingerprint}
    return SeenView(
        id=row.id or 0,
        place=place,
        kind=row.kind,
        version=str(facts.get("version", "")),
        name=" ".join(str(facts[key]) for key in ("vendor", "product") if facts.get(key)),
        uuid=str(facts.get("uuid", "")),
        fingerprint=row.fingerprint,
        weak=[code for code in ("suite_zero", "anonymous", "null_user") if facts.get(code)],
        server_id=one.server_id or 0,
        server=names.get(one.server_id or 0, ""),
        intake=f"/intake?{urlencode({name: value for name, value in known.items() if value})}",
    )


ARRIVALS = StateView(
    "arrivals",
    ArrivalsState,
    "arrivals",
    read_arrivals,
    lambda *_: frozenset({discovery.TOPIC, topics.FLEET, STOCK}),
    empty=ArrivalsView(),
)
