"""Amounts as Stripe counts them, words for failures, and who may run scripts in our pages."""

from __future__ import annotations

import pytest

from opsportal.domain.payments import deadlines, failures
from opsportal.domain.payments.gateways import GatewayRefusedError
from opsportal.integrations.stripe_gateway import from_gateway, to_gateway
from opsportal.web.headers import page_policy


@pytest.mark.parametrize(
    ("minor", "currency", "theirs"),
    [
        (1_234, "EUR", 1_234), (1_234, "JPY", 1_234), (1_230, "KWD", 1_230), (12, "ISK", 1_200), (12, "UGX", 1_200),
        (1_200, "MGA", 12),
    ],
)  # fmt: skip
def test_amounts_in_stripes_units(minor: int, currency: str, theirs: int) -> None:
    assert to_gateway(minor, currency) == theirs
    assert from_gateway(theirs, currency) == minor


@pytest.mark.parametrize(("minor", "currency"), [(1_234, "KWD"), (1_001, "BHD"), (1_234, "MGA")])
def test_amounts_that_stripe_cannot_charge_exactly(minor: int, currency: str) -> None:
    with pytest.raises(GatewayRefusedError) as refusal:
        to_gateway(minor, currency)
    assert refusal.value.code == "amount_not_chargeable"
    assert failures.reason("amount_not_chargeable") != failures.DECLINED


def test_every_failure_and_every_problem_has_words() -> None:
    assert failures.reason("something_new_from_stripe") == failures.DECLINED
    assert failures.reason("") == failures.problem("") == ""
    assert failures.problem("something_new") == failures.PROBLEMS["needs_person"]
    # Stripe asks not to tell that a card was reported as stolen.
    assert failures.reason("stolen_card") == failures.reason("lost_card") == failures.DECLINED


def test_pauses_grow_and_have_an_end() -> None:
    pauses = [deadlines.pause(n).total_seconds() for n in range(40)]
    assert pauses[:4] == [2, 4, 8, 16]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3_600


def test_without_a_gateway_only_our_scripts_run() -> None:
    policy = page_policy("", "")
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "frame-src" not in policy


def test_with_a_gateway_exactly_its_origins_are_added() -> None:
    policy = page_policy("https://js.stripe.com", "https://api.stripe.com")
    assert "script-src 'self' https://js.stripe.com;" in policy
    assert "connect-src 'self' https://api.stripe.com;" in policy
    assert "frame-src https://js.stripe.com https://hooks.stripe.com;" in policy
    assert policy.count("https://") == 4
    local = page_policy("http://127.0.0.1:1", "http://127.0.0.1:1")
    assert "frame-src http://127.0.0.1:1;" in local
    assert "hooks.stripe.com" not in local
