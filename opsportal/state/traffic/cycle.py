"""The billing cycle of one server's service, shown above its graph."""

from __future__ import annotations

import datetime as dt

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic import allowances, topics
from opsportal.domain.traffic.allowances import CycleUsage
from opsportal.models import AlertOutcome, TrafficAction, TrafficAlert
from opsportal.state.guard import allow, current_actor
from opsportal.state.showing import StateView
from opsportal.state.traffic.views import CycleView, StepView
from opsportal.state.views import ProblemView, iso, iso_day
from opsportal.state.wire import Id

_LIMITED = (AlertOutcome.WANTED, AlertOutcome.DONE, AlertOutcome.ENDED)


class CycleState(rx.State):
    """The cycle that is open in this tab."""

    cycle: CycleView = CycleView()
    problem: ProblemView = ProblemView()

    @allow(Permission.BILLING_MANAGE)
    async def set_exempt(self, server_id: Id, exempt: bool) -> None:
        """Let nothing happen to this service however much it moves, or end that."""
        await in_unit(allowances.set_exempt, current_actor(), server_id, exempt=exempt)


def read_cycle(unit: Unit, actor: Actor, server_id: int) -> CycleView:
    usage = allowances.read_cycle(actor, unit, server_id)
    return CycleView(is_ready=True, server_id=server_id) if usage is None else _view(server_id, usage)


def _view(server_id: int, usage: CycleUsage) -> CycleView:
    allowance, price, overage = usage.allowance, usage.price, usage.overage
    included = allowance.included_bytes if allowance else 0
    return CycleView(
        is_ready=True,
        server_id=server_id,
        service_id=usage.service.id or 0,
        first=iso_day(usage.cycle.first),
        last=iso_day(usage.cycle.after - dt.timedelta(days=1)),
        used_bytes=str(usage.used_bytes),
        included_bytes=str(included) if allowance else "",
        left_bytes=str(max(0, included - usage.used_bytes)),
        over_bytes=str(max(0, usage.used_bytes - included)) if allowance else "0",
        used_bp=usage.used_bytes * 10_000 // included if included else 0,
        counted=allowance.counted if allowance else "",
        action=allowance.action if allowance else "",
        limit_mbps=(allowance.limit_mbps or 0) if allowance else 0,
        price_minor=price.price_minor if price else 0,
        currency=usage.service.currency,
        unit_bytes=str(allowance.unit_bytes) if allowance else "0",
        billed_bps=usage.percentile.billed_bps,
        coverage_bp=usage.percentile.coverage_bp,
        steps=[StepView(one.step, iso(one.at), _outcome(one)) for one in usage.alerts],
        is_exempt=usage.is_exempt,
        overage_units=overage.units if overage else 0,
        overage_first=iso_day(overage.cycle_start) if overage else "",
        overage_minor=overage.amount_minor if overage else 0,
        overage_invoice=(overage.invoice_id or 0) if overage else 0,
    )


def _outcome(alert: TrafficAlert) -> str:
    """A limit is a person's work, so that its outcomes are worded apart from those of a block."""
    is_limit = alert.action == TrafficAction.LIMIT
    return f"limit_{alert.outcome}" if is_limit and alert.outcome in _LIMITED else alert.outcome


CYCLE = StateView(
    "cycle",
    CycleState,
    "cycle",
    read_cycle,
    lambda _, server_id: frozenset({topics.server(server_id), topics.TERMS}),
    empty=CycleView(),
)
