"""Everything that can happen to one company's money, in any order, against a plain model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from opsportal.db import unit_of_work
from opsportal.domain.billing import credit_notes, grants, invoices, ledger, receipts, refunds
from opsportal.domain.billing.ledger import Balances
from opsportal.domain.billing.refusals import InsufficientBalance, RefundTooHigh
from opsportal.domain.refusals import Refusal
from opsportal.models import AccountKind, Role
from tests.builders import make_actor, make_company
from tests.integration.billing.money import balance, bill, fund, pay, unbalanced

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("documents")]
amounts = st.integers(1, 5_000)


class Money(RuleBasedStateMachine):
    """`cash` and `credit` are what the customer should have; each document what it should be."""

    topups: Bundle[Any] = Bundle("topups")
    bills: Bundle[Any] = Bundle("bills")
    asides: Bundle[Any] = Bundle("asides")

    @initialize()
    def begin(self) -> None:
        self.company = make_company()
        self.actor, self.operator = make_actor(company=self.company), make_actor(role=Role.OPERATOR)
        self.cash = self.credit = self.keys = 0
        self.open: dict[int, int] = {}

    def _key(self) -> str:
        self.keys += 1
        return f"m-{self.company.id}-{self.keys}"

    @rule(target=topups, net=amounts)
    def top_up(self, net: int) -> Any:
        entry = fund(self.company, net)
        self.cash += net
        return entry

    @rule(amount=amounts)
    def grant(self, amount: int) -> None:
        key = self._key()
        for _ in range(2):
            with unit_of_work() as unit:
                grants.grant_credit(unit, self.operator, self.company.id or 0, amount_minor=amount, currency="EUR",
                                    reason="", key=key)  # fmt: skip
        self.credit += amount

    @rule(target=bills, nets=st.lists(amounts, min_size=1, max_size=3))
    def invoice(self, nets: list[int]) -> Any:
        invoice = bill(self.company, *nets)
        assert invoice.total_minor == sum(nets)
        self.open[invoice.id or 0] = sum(nets)
        return invoice

    @rule(invoice=bills)
    def pay(self, invoice: Any) -> None:
        total = self.open.get(invoice.id)
        refusal = self._refusal(lambda: pay(self.actor, invoice))
        if total is None:
            assert refusal is not None
        elif self.cash + self.credit < total:
            assert isinstance(refusal, InsufficientBalance)
            assert refusal.params["missing"] == total - self.cash - self.credit
        else:
            assert refusal is None
            spent = min(total, self.credit)
            self.credit, self.cash = self.credit - spent, self.cash - total + spent
            del self.open[invoice.id]

    @rule(invoice=bills)
    def cancel(self, invoice: Any) -> None:
        refusal = self._refusal(lambda: self._void(invoice.id))
        assert (refusal is None) == (invoice.id in self.open)
        self.open.pop(invoice.id, None)

    @rule(invoice=bills, net=amounts)
    def card(self, invoice: Any, net: int) -> None:
        """A card payment of any size arrives for an invoice in any state."""
        with unit_of_work() as unit:
            receipts.receive(unit, key=(key := self._key()), company_id=self.company.id or 0, gross_minor=net,
                             net_minor=net, tax=None, currency="EUR")  # fmt: skip
            is_paid = invoices.settle(unit, invoice.id, key=key)
        self.cash += net
        total = self.open.get(invoice.id)
        assert is_paid == (total is not None and total <= self.cash + self.credit)
        if is_paid and total is not None:
            spent = min(total, self.credit)
            self.credit, self.cash = self.credit - spent, self.cash - total + spent
            del self.open[invoice.id]

    @rule(target=asides, topup=topups, gross=amounts)
    def refund(self, topup: Any, gross: int) -> Any:
        with unit_of_work() as unit:
            left = refunds.refundable(unit, topup.id).left_minor
        before, made = self.cash, []
        refusal = self._refusal(lambda: made.append(self._refund(topup.id, gross)))
        if gross > left:
            assert isinstance(refusal, RefundTooHigh)
            assert refusal.params["left"] == left
            return multiple()
        if refusal is not None:
            assert isinstance(refusal, InsufficientBalance)
            return multiple()
        self.cash = balance(self.company).cash_minor
        assert 0 <= before - self.cash <= gross
        return made[0], before - self.cash

    @rule(aside=consumes(asides), succeeds=st.booleans())
    def gateway_answers(self, aside: Any, succeeds: bool) -> None:
        entry, net = aside
        with unit_of_work() as unit:
            if succeeds:
                refunds.refund_paid(unit, key=self._key(), refund_entry_id=entry.id)
            else:
                refunds.refund_failed(unit, key=self._key(), refund_entry_id=entry.id)
        self.cash += 0 if succeeds else net

    @precondition(lambda self: hasattr(self, "company"))
    @invariant()
    def customer_has_what_is_expected(self) -> None:
        assert balance(self.company) == Balances(self.cash, self.credit)
        with unit_of_work() as unit:
            owed = ledger.account_balance(unit, self.company.id or 0, "EUR", AccountKind.RECEIVABLE)
        assert owed == -sum(self.open.values())

    def teardown(self) -> None:
        assert unbalanced() == []

    def _refusal(self, work: Any) -> Refusal | None:
        try:
            work()
        except Refusal as refusal:
            return refusal
        return None

    def _void(self, invoice_id: int) -> None:
        with unit_of_work() as unit:
            credit_notes.void_invoice(unit, self.operator, invoice_id, reason="")

    def _refund(self, entry_id: int, gross: int) -> Any:
        with unit_of_work() as unit:
            return receipts.refund(
                unit, key=self._key(), original_entry_id=entry_id, amount_minor=gross, to="source"
            )


def test_money_in_any_order() -> None:
    run_state_machine_as_test(
        Money,
        settings=hypothesis_settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
