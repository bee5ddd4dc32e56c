"""The contract of one service: its history for those who may see it, and what operators do to it.

Shown on the page of the service, and on that of the server where it has one: `("service" | "server", number)`.
"""

from __future__ import annotations

from typing import Literal

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_server_for, access_service_for
from opsportal.domain.billing import coverage, money
from opsportal.domain.catalog import acts, history, holds
from opsportal.domain.catalog.history import ChangeRow
from opsportal.models import ChangedBy, Service, ServiceChange, ServiceChangeKind, SuspensionReason
from opsportal.state.billing.clicks import AmountText, Draft, Reason, take
from opsportal.state.billing.views import ClickView
from opsportal.state.contract_views import (
    ContractView,
    PlanChoiceView,
    ServiceChangeView,
    ServiceHistoryView,
)
from opsportal.state.guard import allow, current_actor
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, iso, iso_day
from opsportal.state.wire import Id

_OF_REASON = (ServiceChangeKind.SUSPENDED, ServiceChangeKind.LIFTED)

Hold = Literal["payment", "policy"]
About = tuple[str, int]


class ContractState(rx.State):
    """What an operator does to the service that is open."""

    contract: ContractView = ContractView()
    answer: ClickView = ClickView()
    problem: ProblemView = ProblemView()

    @allow(Permission.SERVICES_MANAGE)
    async def suspend(self, service_id: Id, hold: Hold, reason: Reason) -> None:
        """Suspend it; the client reads the reason."""
        await in_unit(acts.suspend, current_actor(), service_id, reason=SuspensionReason(hold), note=reason)

    @allow(Permission.SERVICES_MANAGE)
    async def lift(self, service_id: Id, hold: Hold, reason: Reason) -> None:
        """End one reason for its suspension."""
        await in_unit(acts.lift, current_actor(), service_id, reason=SuspensionReason(hold), note=reason)

    @allow(Permission.SERVICES_MANAGE)
    async def change_terms(
        self, draft: Draft, service_id: Id, plan_id: Id, price: AmountText, reason: Reason
    ) -> None:
        """Another price or plan, from the next period on."""
        await take(self, draft, _change_terms, current_actor(), service_id, plan_id, price, reason)


class ServiceHistoryState(rx.State):
    """The history of the service that is open."""

    history: ServiceHistoryView = ServiceHistoryView()
    problem: ProblemView = ProblemView()


def _change_terms(unit: Unit, actor: Actor, service_id: int, plan_id: int, price: str, reason: str) -> int:
    service = access_service_for(actor, unit, service_id, permission=Permission.SERVICES_MANAGE)
    minor = money.parse_amount(price, service.currency)
    acts.change_terms(unit, actor, service_id, plan_id=plan_id, price_minor=minor, note=reason)
    return service_id


def _service(unit: Unit, actor: Actor, about: About) -> Service | None:
    """The service that is meant, if the actor may see it; None for a server in stock."""
    kind, number = about
    if kind == "server":
        return access_server_for(actor, unit, number)[1]
    return access_service_for(actor, unit, number)


def read_contract(unit: Unit, actor: Actor, about: About) -> ContractView:
    """Empty for those who may do nothing to it."""
    service = _service(unit, actor, about)
    if service is None or not actor.may(Permission.SERVICES_MANAGE):
        return ContractView(is_ready=True)
    reasons = holds.reasons_of(service)
    return ContractView(
        is_ready=True,
        service_id=service.id or 0,
        name=service.name,
        is_running=service.status in holds.RUNNING,
        is_policy=SuspensionReason.POLICY in reasons,
        is_unpaid=SuspensionReason.PAYMENT in reasons,
        is_overdue=coverage.is_overdue(unit, service),
        plan_id=service.plan_id,
        price_minor=service.price_minor,
        currency=service.currency,
        term=service.term,
        from_day=iso_day(service.charged_through or service.period_end),
        plans=[PlanChoiceView(plan.id or 0, plan.name) for plan in acts.plans_for(unit, service)],
    )


def read_service_history(unit: Unit, actor: Actor, about: About) -> ServiceHistoryView:
    """Empty for those who see the server and not its contract."""
    service = _service(unit, actor, about)
    if service is None or service.id is None or not actor.may(Permission.SERVICES_VIEW):
        return ServiceHistoryView(is_ready=True)
    lines = history.list_changes(actor, unit, service.id)
    return ServiceHistoryView(True, service.id, [_change_view(actor, line) for line in lines])


def _change_view(actor: Actor, row: ChangeRow) -> ServiceChangeView:
    one, (by, kind) = row.change, who(actor, row.change)
    return ServiceChangeView(
        id=one.id or 0,
        at=iso(one.at),
        kind=f"{one.kind}_{one.hold}" if one.kind in _OF_REASON else one.kind,
        by=by,
        by_kind=kind,
        reason=one.reason,
        on_day=iso_day(one.on_day),
        plan=row.plan,
        plan_before=row.plan_before if one.plan_before_id != one.plan_id else "",
        price_minor=one.price_minor,
        currency=one.currency,
        term=one.term,
        from_minor=one.price_before_minor or 0,
        from_currency=one.currency_before or "",
        from_term=one.term_before or "",
        is_rise=history.is_rise(one),
    )


def who(actor: Actor, change: ServiceChange) -> tuple[str, str]:
    """Who changed a service: the name, and of which kind. A client does not learn the names of our people."""
    is_ours = change.actor_role in (ChangedBy.OPERATOR, ChangedBy.TECHNICIAN)
    kind = "staff" if is_ours else change.actor_role
    return ("" if is_ours and not actor.is_staff else change.actor_name), kind


def _topics(_: Actor, about: About) -> frozenset[str]:
    return frozenset({f"{about[0]}:{about[1]}"})


CONTRACT = StateView("contract", ContractState, "contract", read_contract, _topics, empty=ContractView())
SERVICE_HISTORY = StateView(
    "service_history",
    ServiceHistoryState,
    "history",
    read_service_history,
    _topics,
    empty=ServiceHistoryView(),
)
