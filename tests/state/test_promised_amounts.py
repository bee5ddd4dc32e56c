"""A button that promises a figure sends it; where it is another one by now, its page shows the new one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing.refusals import AmountChanged
from opsportal.models import Company, Payment
from opsportal.state import guard
from opsportal.state.billing.funds import FundsState, _quote
from opsportal.state.billing.invoices import InvoiceState, read_invoice
from opsportal.state.billing.views import ClickView
from tests.builders import make_actor, make_company
from tests.doors.money import add_funds, make_card, make_invoice
from tests.doors.world import everything
from tests.integration.billing.conftest import books

__all__ = ["books"]

pytestmark = pytest.mark.usefixtures("books")
DRAFT = "0123456789abcdef" * 2


@pytest.fixture
def company(books: Any) -> Company:
    return make_company()


@pytest.fixture
def payer(company: Company) -> Actor:
    return make_actor(company=company)


def press(actor: Actor, page: SimpleNamespace, handler: Any, **sent: Any) -> str:
    """What this event of this person is answered at the form."""

    async def handle() -> None:
        guard._actor.set(actor)
        await handler.fn(page, draft=DRAFT, **sent)

    asyncio.run(handle())
    return str(page.answer.code)


def count_payments(actor: Actor) -> int:
    with unit_of_work() as unit:
        return len(unit.exec(select(Payment.id).where(col(Payment.company_id) == actor.company_id)).all())


def test_top_up_whose_tax_is_another_by_now_shows_what_it_costs(company: Company, payer: Actor) -> None:
    card = make_card(company)
    with unit_of_work() as unit:
        seen = _quote(unit, payer, "100", "EUR")
        unit.get_one(Company, company.id).country = "UA"
    assert seen.gross_minor == 12_100
    page = SimpleNamespace(answer=ClickView(), quote=seen)
    sent = {"amount": "100", "currency": "EUR", "card_id": card.id}
    before = everything()
    code = press(payer, page, FundsState.top_up, charge_minor=seen.gross_minor, **sent)
    assert (code, page.answer.msgid) == (AmountChanged.code, AmountChanged.msgid)
    assert everything() == before
    assert (page.quote.text, page.quote.gross_minor, page.quote.is_ready) == ("100", 10_000, True)
    assert press(payer, page, FundsState.top_up, charge_minor=page.quote.gross_minor, **sent) == ""
    assert count_payments(payer) == 1


def test_invoice_of_which_less_is_missing_by_now_shows_how_much(company: Company, payer: Actor) -> None:
    invoice, card = make_invoice(company), make_card(company)
    with unit_of_work() as unit:
        seen = read_invoice(unit, payer, invoice.id or 0)
    add_funds(company, 900)
    page = SimpleNamespace(answer=ClickView(), invoice=seen)
    sent = {"invoice_id": invoice.id, "currency": "EUR", "card_id": card.id}
    before = everything()
    code = press(payer, page, InvoiceState.pay_by_card, charge_minor=seen.quote.gross_minor, **sent)
    assert (code, seen.quote.gross_minor) == (AmountChanged.code, 10_769)
    assert everything() == before
    assert (page.invoice.missing_minor, page.invoice.quote.gross_minor) == (8_000, 9_680)
    assert press(payer, page, InvoiceState.pay_by_card, charge_minor=9_680, **sent) == ""
    assert count_payments(payer) == 1


GOOD: dict[Any, dict[str, Any]] = {
    FundsState.top_up: {"draft": DRAFT, "amount": "100", "charge_minor": 1, "currency": "EUR", "card_id": 1},
    InvoiceState.pay_by_card: {
        "draft": DRAFT,
        "invoice_id": 1,
        "charge_minor": 1,
        "currency": "EUR",
        "card_id": 1,
    },
    InvoiceState.pay_from_balance: {"invoice_id": 1, "amount_minor": 1, "currency": "EUR"},
}
WRONG: tuple[Any, ...] = ("1", 1.0, True, None, 0, -1, 2**63, [1], {"minor": 1})


def test_figures_and_currencies_are_strictly_typed() -> None:
    for handler, good in GOOD.items():
        model = handler.fn.portal_payload
        model.model_validate(good)
        figure = next(name for name in good if name.endswith("_minor"))
        bad = [good | {figure: value} for value in WRONG]
        bad += [good | {"currency": value} for value in ("eur", "EURO", "", None, 978, "EU\n")]
        bad += [{name: value for name, value in good.items() if name != left} for left in good]
        for payload in bad:
            with pytest.raises(ValidationError):
                model.model_validate(payload)
