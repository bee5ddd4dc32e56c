"""The ladder, and the words that a client reads."""

from __future__ import annotations

import datetime as dt

import pytest

from opsportal.domain.billing.invoice_lists import PaymentState, payment_state
from opsportal.domain.billing.overdue import LADDER, DunningStep, dunning
from opsportal.models import Invoice, InvoiceStatus

DUE = dt.date(2026, 11, 20)


def _invoice(status: InvoiceStatus = InvoiceStatus.ISSUED, **changes: int) -> Invoice:
    fields = {
        "company_id": 1,
        "currency": "EUR",
        "total_minor": 100,
        "status": status,
        "issued_on": DUE,
        "due_on": DUE,
    }
    return Invoice(tax_scheme="domestic", **(fields | changes))


@pytest.mark.parametrize(
    ("late", "step", "next_in"),
    [
        (-14, "issued", -7),
        (-7, "reminder_before", -1),
        (-1, "due_tomorrow", 1),
        (0, "due_tomorrow", 1),
        (1, "first_reminder", 3),
        (4, "second_reminder", 5),
        (5, "suspension", 30),
        (29, "suspension", 30),
        (30, "termination", None),
        (900, "termination", None),
    ],
)
def test_ladder(late: int, step: str, next_in: int | None) -> None:
    found = dunning(_invoice(), DUE + dt.timedelta(days=late))
    assert found is not None
    assert (found.step, found.days_overdue) == (step, max(0, late))
    assert found.next_on == (None if next_in is None else DUE + dt.timedelta(days=next_in))
    assert (found.next_step is None) == (next_in is None)


def test_ladder_is_in_order_and_names_every_step_once() -> None:
    assert [days for days, _ in LADDER] == sorted({days for days, _ in LADDER})
    assert [DunningStep.ISSUED, *(step for _, step in LADDER)] == list(DunningStep)


@pytest.mark.parametrize("status", [InvoiceStatus.DRAFT, InvoiceStatus.PAID, InvoiceStatus.VOID])
def test_who_owes_nothing_is_not_reminded(status: InvoiceStatus) -> None:
    assert dunning(_invoice(status), DUE + dt.timedelta(days=100)) is None


@pytest.mark.parametrize(
    ("status", "late", "credited", "word"),
    [
        (InvoiceStatus.ISSUED, 0, 0, PaymentState.PENDING),
        (InvoiceStatus.ISSUED, 1, 0, PaymentState.OVERDUE),
        (InvoiceStatus.PAID, 50, 0, PaymentState.PAID),
        (InvoiceStatus.PAID, 50, 99, PaymentState.PAID),
        (InvoiceStatus.PAID, 50, 100, PaymentState.REFUNDED),
        (InvoiceStatus.VOID, 50, 100, PaymentState.VOID),
    ],
)
def test_words(status: InvoiceStatus, late: int, credited: int, word: PaymentState) -> None:
    assert payment_state(_invoice(status, credited_minor=credited), DUE + dt.timedelta(days=late)) is word
