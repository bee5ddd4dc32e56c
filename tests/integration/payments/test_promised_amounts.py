"""A card is charged what the button said, or nothing: whatever has moved the figure since it was shown."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import invoices
from opsportal.domain.billing.refusals import AmountChanged
from opsportal.domain.payments import topups
from opsportal.domain.payments.refusals import PaymentChanged
from opsportal.models import Company, Invoice, InvoiceStatus, Payment, PaymentPurpose
from tests.doors.money import add_funds
from tests.doors.world import everything
from tests.integration.payments.gateway import Lab
from tests.integration.payments.work import cash, make_invoice, shown, token, work_off

pytestmark = pytest.mark.xdist_group("payments")


@dataclasses.dataclass(frozen=True)
class Press:
    """A button of somebody: what it says, and what it sends."""

    actor: Actor
    charge_minor: int
    sent: dict[str, Any]

    def again(self, **changed: Any) -> Payment:
        sent = {"charge_minor": self.charge_minor, "currency": "EUR", **self.sent, **changed}
        with unit_of_work() as unit:
            return topups.begin_payment(unit, self.actor, **sent)


def on_topup(actor: Actor, card_id: int, net_minor: int) -> Press:
    charge = shown(topups.quote_topup, actor, net_minor=net_minor, currency="EUR")
    sent = {"purpose": PaymentPurpose.TOPUP, "net_minor": net_minor}
    return Press(actor, charge, {**sent, "card_id": card_id, "idempotency": token()})


def on_invoice(actor: Actor, card_id: int, invoice_id: int) -> Press:
    charge = shown(topups.quote_invoice, actor, invoice_id=invoice_id)
    sent = {"purpose": PaymentPurpose.INVOICE, "invoice_id": invoice_id}
    return Press(actor, charge, {**sent, "card_id": card_id, "idempotency": token()})


def refused(press: Press, **changed: Any) -> None:
    """It is, and nothing at all has changed: no payment, no work, no entry in the books or the trail."""
    before = everything()
    with pytest.raises(AmountChanged):
        press.again(**changed)
    assert everything() == before


def company_of(actor: Actor) -> Company:
    with unit_of_work() as unit:
        return unit.get_one(Company, actor.company_id)


def test_a_balance_that_has_moved_since_moves_no_card(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer).id or 0
    invoice = make_invoice(payer.company_id or 0, 10_000)
    press = on_invoice(payer, card, invoice.id or 0)
    assert press.charge_minor == 10_000
    add_funds(company_of(payer), 3_000)  # another tab, or an operator's kindness
    refused(press)
    other = make_invoice(payer.company_id or 0, 2_000)
    with unit_of_work() as unit:
        invoices.pay_from_balance(unit, payer, other.id or 0, amount_minor=2_000, currency="EUR")
    refused(press, charge_minor=7_000)
    begun = press.again(charge_minor=9_000)  # the same click, after the new figure was seen
    assert (begun.gross_minor, begun.invoice_id) == (9_000, invoice.id)
    work_off()
    assert [one["amount"] for one in lab.payments()] == [9_000]
    with unit_of_work() as unit:
        assert unit.get_one(Invoice, invoice.id).status == InvoiceStatus.PAID
    assert cash(payer) == 0


def test_a_tax_that_was_decided_anew_is_not_charged_unseen(lab: Lab, czech: Actor) -> None:
    card = lab.add_card(czech).id or 0
    invoice = make_invoice(czech.company_id or 0, 10_000)
    presses = [on_topup(czech, card, 10_000), on_invoice(czech, card, invoice.id or 0)]
    assert [press.charge_minor for press in presses] == [12_100, 12_100]
    with unit_of_work() as unit:
        unit.get_one(Company, czech.company_id).country = "UA"  # moved away: no VAT any more
    for press in presses:
        refused(press)
    assert [press.again(charge_minor=10_000).gross_minor for press in presses] == [10_000, 10_000]


WRONG: tuple[Any, ...] = (1, 9_999, 10_001, 0, -10_000, 2**62, "10000", 10_000.5, None)


def test_no_other_figure_is_charged(lab: Lab, payer: Actor) -> None:
    card = lab.add_card(payer).id or 0
    invoice = make_invoice(payer.company_id or 0, 10_000)
    presses = (on_topup(payer, card, 10_000), on_invoice(payer, card, invoice.id or 0))
    before = everything()
    for press, figure in itertools.product(presses, WRONG):
        with pytest.raises(AmountChanged):
            press.again(charge_minor=figure)
    assert everything() == before


def test_no_other_currency_is_charged(lab: Lab, payer: Actor) -> None:
    invoice = make_invoice(payer.company_id or 0, 10_000)
    refused(on_invoice(payer, lab.add_card(payer).id or 0, invoice.id or 0), currency="USD")


def test_the_same_click_stays_one_payment_whatever_costs_what_by_now(lab: Lab, czech: Actor) -> None:
    press = on_topup(czech, lab.add_card(czech).id or 0, 10_000)
    first = press.again()
    with unit_of_work() as unit:
        unit.get_one(Company, czech.company_id).country = "UA"
    assert press.again().id == first.id  # its answer was lost, and it was sent again
    before = everything()
    for changed in ({"charge_minor": 10_000}, {"currency": "USD"}):
        with pytest.raises(PaymentChanged):
            press.again(**changed)
    assert everything() == before


def test_an_invoice_takes_from_the_balance_what_was_said(lab: Lab, payer: Actor) -> None:
    add_funds(company_of(payer), 20_000)
    invoice = make_invoice(payer.company_id or 0, 10_000)
    before = everything()
    for wrong in ({"amount_minor": 9_999, "currency": "EUR"}, {"amount_minor": 10_000, "currency": "USD"}):
        with pytest.raises(AmountChanged), unit_of_work() as unit:
            invoices.pay_from_balance(unit, payer, invoice.id or 0, **wrong)
    assert everything() == before
    assert cash(payer) == 20_000
