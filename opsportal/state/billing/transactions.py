"""What moved: top-ups, payments, refunds, and payments that failed with their reason."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.billing import topics
from opsportal.domain.billing.transactions import Place, TransactionFilter, list_transactions
from opsportal.domain.refusals import NotFound
from opsportal.state.billing import rows
from opsportal.state.billing.views import TransactionListView
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView
from opsportal.state.wire import Address, address

_PLACE = r"^$|^[0-9]{1,17}\.[01]\.[0-9]{1,18}$"


class TransactionsAddress(Address):
    """/billing/transactions?kind=&before="""

    kind: Literal["", "topups", "payments", "refunds", "failed"] = ""
    before: Annotated[str, Field(pattern=_PLACE)] = ""


class TransactionsState(rx.State):
    """Movements, filtered by the address."""

    listing: TransactionListView = TransactionListView()
    problem: ProblemView = ProblemView()
    kind: str = ""
    before: str = ""

    @allow(Permission.BILLING_VIEW)
    async def open(self) -> Any:
        wanted = address(self, TransactionsAddress)
        self.kind, self.before = wanted.kind, wanted.before
        chosen = TransactionFilter(family=wanted.kind, before=parse_place(wanted.before))
        return await show(self, *SHELL, (TRANSACTIONS, chosen))


def place_text(place: Place | None) -> str:
    """A place in the list as it stands in an address: microseconds since 1970, source, row."""
    if place is None:
        return ""
    at, source, number = place
    return f"{(at - _EPOCH) // dt.timedelta(microseconds=1)}.{source}.{number}"


def parse_place(text: str) -> Place | None:
    """The place that `place_text` wrote. Raises `NotFound` for a moment that no calendar has."""
    if not text:
        return None
    at, source, number = text.split(".")
    try:
        return _EPOCH + dt.timedelta(microseconds=int(at)), int(source), int(number)
    except OverflowError:
        raise NotFound from None


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def read_transactions(unit: Unit, actor: Actor, wanted: TransactionFilter) -> TransactionListView:
    page = list_transactions(actor, unit, wanted)
    return TransactionListView(
        is_ready=True,
        rows=[rows.transaction_view(row, staff=actor.is_staff) for row in page.rows],
        next_before=place_text(page.next_before),
    )


def _topics(actor: Actor, _: Any) -> frozenset[str]:
    if actor.is_staff:
        return frozenset({topics.PAYMENTS, topics.INVOICES})
    company_id = actor.company_id or 0
    return frozenset({topics.balance(company_id), topics.payments(company_id), topics.invoices(company_id)})


TRANSACTIONS = StateView(
    "transactions",
    TransactionsState,
    "listing",
    read_transactions,
    _topics,
    empty=TransactionListView(),
)
