"""Paying an invoice with a card whose bank asks its holder first (3-D Secure), up to the page."""

from __future__ import annotations

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.payments import topups
from opsportal.models import Company, Invoice, InvoiceStatus, PaymentStatus
from opsportal.state.billing.invoices import read_invoice
from tests.doors.money import add_funds
from tests.integration.payments.gateway import NEEDS_BANK, Lab
from tests.integration.payments.work import begin_invoice, cash, make_invoice, payment, work_off

pytestmark = pytest.mark.xdist_group("payments")


@pytest.mark.parametrize("agrees", [True, False])
def test_an_invoice_whose_payment_the_bank_asks_about(lab: Lab, payer: Actor, agrees: bool) -> None:
    """3-D Secure: the page says so, offers no second payment meanwhile, and the bank's word decides."""
    with unit_of_work() as unit:
        company = unit.get_one(Company, payer.company_id)
    add_funds(company, 3_000)
    invoice = make_invoice(payer.company_id or 0, 10_000)
    begun = begin_invoice(payer, lab.add_card(payer, NEEDS_BANK).id or 0, invoice.id or 0)

    def page() -> tuple[bool, bool, bool, int]:
        with unit_of_work() as unit:
            view = read_invoice(unit, payer, invoice.id or 0)
        (attempt,) = view.payments
        return view.is_payable, view.is_being_paid, attempt.needs_action, attempt.gross_minor

    work_off()
    assert payment(begun.id).status == PaymentStatus.REQUIRES_ACTION
    assert page() == (True, True, True, 7_000)
    lab.confirm_at_bank(payment(begun.id).ref or "", success=agrees).raise_for_status()
    with unit_of_work() as unit:
        topups.go_on(unit, payer, begun.id or 0)  # the browser is back from the bank
    work_off()
    with unit_of_work() as unit:
        status = unit.get_one(Invoice, invoice.id).status
    if agrees:
        assert (payment(begun.id).status, status, cash(payer)) == ("succeeded", InvoiceStatus.PAID, 0)
        assert page() == (False, False, False, 7_000)
    else:
        assert (payment(begun.id).status, status, cash(payer)) == ("failed", InvoiceStatus.ISSUED, 3_000)
        assert page() == (True, False, False, 7_000)
    theirs = [one["amount"] for one in lab.payments() if one["status"] == "succeeded"]
    assert theirs == ([7_000] if agrees else [])
