"""The dashboard's tiles of money: recurring cost with the recommended amount, and the latest documents."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.billing import forecast, invoices, topics
from opsportal.domain.billing.invoice_lists import InvoiceFilter
from opsportal.domain.documents import summaries
from opsportal.state.billing import rows
from opsportal.state.billing.views import CostView, InvoiceListView
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView

LATEST = 5


class CostTileState(rx.State):
    """What the actor's company spends, and how much to add."""

    cost: CostView = CostView()
    problem: ProblemView = ProblemView()


class InvoicesTileState(rx.State):
    """The newest documents of the actor's company."""

    latest: InvoiceListView = InvoiceListView()
    problem: ProblemView = ProblemView()


def read_cost(unit: Unit, actor: Actor, _: Any) -> CostView:
    return rows.cost_view(forecast.recurring_cost(actor, unit), forecast.recommended_topup(actor, unit))


def read_latest(unit: Unit, actor: Actor, _: Any) -> InvoiceListView:
    page = invoices.list_invoices(actor, unit, InvoiceFilter())
    newest = page.rows[:LATEST]
    about = summaries.first_lines(unit, [row.invoice.id for row in newest if row.invoice.id])
    return InvoiceListView(
        is_ready=True,
        rows=[rows.invoice_row(row, about.get(row.invoice.id or 0), staff=actor.is_staff) for row in newest],
        open=[rows.open_view(total) for total in invoices.open_total(actor, unit)],
    )


def _cost_topics(actor: Actor, _: Any) -> frozenset[str]:
    company_id = actor.company_id or 0
    return frozenset({topics.services(company_id), topics.balance(company_id), topics.invoices(company_id)})


COST = StateView("cost", CostTileState, "cost", read_cost, _cost_topics, empty=CostView())
LATEST_INVOICES = StateView(
    "latest_invoices",
    InvoicesTileState,
    "latest",
    read_latest,
    lambda actor, _: frozenset({topics.invoices(actor.company_id or 0)}),
    is_personal=True,
    empty=InvoiceListView(),
)
