"""The switches that are polled, for those who run the data centre."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import port_orders
from opsportal.domain.inventory import cables, switch_checks, switch_records
from opsportal.domain.traffic import limits, pollers, ports, topics, write_access
from opsportal.domain.traffic.figures import PollerRow
from opsportal.domain.traffic.limits import LimitTask
from opsportal.domain.traffic.ports import PortRow
from opsportal.models import Switch
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.wiring import cable_view, check_view, switch_view
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.traffic.views import LimitView, PollersView, PollerView, PortView
from opsportal.state.views import ProblemView, iso, iso_day
from opsportal.state.wire import Address, Id, address

Reason = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]


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

    @allow(Permission.FLEET_MANAGE)
    async def take_down(self, port_id: Id, reason: Reason) -> None:
        """Have a port switched off; the switch's answer arrives by the live feed."""
        await in_unit(port_orders.request_port, current_actor(), port_id, wants_up=False, reason=reason)

    @allow(Permission.FLEET_MANAGE)
    async def take_up(self, port_id: Id) -> None:
        """Have a port switched on."""
        await in_unit(port_orders.request_port, current_actor(), port_id, wants_up=True)

    @allow(Permission.FLEET_MANAGE)
    async def mark_uplink(self, port_id: Id, is_uplink: bool) -> None:
        """Say whether a port carries others' traffic: such a one is never switched."""
        await in_unit(port_orders.set_uplink, current_actor(), port_id, is_uplink=is_uplink)

    @allow(Permission.FLEET_MANAGE)
    async def forget_write_access(self, switch_id: Id) -> None:
        """Never write to this switch again until credentials are entered anew."""
        await in_unit(write_access.take_write_access_away, current_actor(), switch_id)

    @allow(Permission.FLEET_MANAGE)
    async def limit_set(self, alert_id: Id) -> None:
        """A person has limited the port."""
        await in_unit(limits.has_set, current_actor(), alert_id)

    @allow(Permission.FLEET_MANAGE)
    async def limit_lifted(self, alert_id: Id) -> None:
        """A person has given the port its full rate again."""
        await in_unit(limits.has_lifted, current_actor(), alert_id)


def read_pollers(unit: Unit, actor: Actor, switch_id: int) -> PollersView:
    rows = pollers.list_pollers(actor, unit)
    opened = ports.list_ports(actor, unit, switch_id) if switch_id else []
    switch = unit.get_one(Switch, switch_id) if switch_id else None
    protocols = (switch.write_auth_protocol, switch.write_priv_protocol) if switch else ()
    return PollersView(
        is_ready=True,
        rows=[_poller_view(row) for row in rows],
        ports_total=sum(row.ports for row in rows),
        failing=sum(row.error_code is not None for row in rows),
        open_id=switch_id,
        open_name=switch.name if switch else "",
        write_access=write_access.kind_of(switch) if switch else "",
        write_user=(switch.write_username or "") if switch else "",
        write_protocols=" / ".join(one for one in protocols if one),
        ports=[_port_view(port) for port in opened],
        limits=[_limit_view(one) for one in limits.list_limits(actor, unit)],
        out_of_service=[switch_view(one) for one in switch_records.list_out_of_service(actor, unit)],
        **_record(unit, actor, switch),
    )


def _record(unit: Unit, actor: Actor, switch: Switch | None) -> dict[str, Any]:
    if switch is None:
        return {}
    number = switch.id or 0
    return {
        "switch": switch_view(switch),
        "check": check_view(switch_checks.check_of(unit, number)),
        "cables": [cable_view(one) for one in cables.list_of_switch(actor, unit, number)],
    }


def _limit_view(task: LimitTask) -> LimitView:
    return LimitView(
        id=task.alert_id,
        service=task.service,
        server_id=task.server_id or 0,
        server=task.server,
        ports=", ".join(task.ports),
        limit_mbps=task.limit_mbps or 0,
        since=iso(task.since),
        until=iso_day(task.until),
        is_to_lift=task.is_to_lift,
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
        nic=port.nic,
        is_uplink=port.is_uplink,
        is_enabled=port.is_enabled is not False,
        is_ordered=port.is_ordered,
        may_be_set=port.may_be_set and not port.is_ordered,
        outcome_code=port.outcome_code,
        in_bps=port.in_bps,
        out_bps=port.out_bps,
        in_errors=port.in_errors,
        out_errors=port.out_errors,
        errors_at=iso(port.errors_at),
    )


def _link(port: PortRow) -> str:
    if port.if_index is None:
        return "missing"
    if port.is_enabled is False:
        return "off"
    return {True: "up", False: "down", None: "unknown"}[port.is_up]


POLLERS = StateView(
    "pollers",
    PollersState,
    "pollers",
    read_pollers,
    lambda *_: frozenset({topics.POLLERS}),
    empty=PollersView(),
)
