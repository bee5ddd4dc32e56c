"""Amounts: exact, bounded, with the decimals of their currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.billing.documents import NewLine, tax_groups
from opsportal.domain.billing.money import MAX_MINOR, check_amount, exponent, parse_amount, rounded_up
from opsportal.domain.billing.refusals import BadAmount
from opsportal.domain.billing.taxes import net_of, tax_of

amounts = st.integers(1, MAX_MINOR)
rates = st.integers(0, 3000)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("89", "EUR", 8900),
        ("89.5", "EUR", 8950),
        (" 0,01 ", "EUR", 1),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
        ("10000000000", "EUR", MAX_MINOR),
    ],
)
def test_what_people_type(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "EUR"), ("0", "EUR"), ("0.00", "EUR"), ("-5", "EUR"), ("+5", "EUR"), ("1e3", "EUR"), ("NaN", "EUR"),
        ("10.005", "EUR"), ("1.5", "JPY"), ("1.2345", "KWD"), ("1.2.3", "EUR"), ("1 000", "EUR"), ("٣", "EUR"),
        ("10000000000.01", "EUR"), ("9" * 40, "EUR"), ("0x10", "EUR"), ("inf", "EUR"),
    ],
)  # fmt: skip
def test_what_is_no_amount(text: str, currency: str) -> None:
    with pytest.raises(BadAmount):
        parse_amount(text, currency)


@pytest.mark.parametrize("minor", [0, -1, MAX_MINOR + 1, 1.0, 10.5, "5", None, True, float("nan")])
def test_only_positive_integers_within_bounds_are_amounts(minor: object) -> None:
    with pytest.raises(BadAmount) as refused:
        check_amount(minor, "EUR")
    assert refused.value.params == {"currency": "EUR"}


def test_decimals_of_currencies() -> None:
    assert [exponent(c) for c in ("EUR", "JPY", "KWD", "UAH", "USD")] == [2, 0, 3, 2, 2]


@given(amounts, rates)
def test_tax_is_rounded_half_up(net: int, rate: int) -> None:
    exact = Decimal(net) * rate / 10_000
    assert tax_of(net, rate) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@given(amounts, rates)
def test_net_is_found_again_in_the_gross(net: int, rate: int) -> None:
    assert net_of(net + tax_of(net, rate), rate) == net


@given(amounts, st.integers(1, 10**6))
def test_rounding_up_never_goes_below_nor_a_step_above(minor: int, step: int) -> None:
    up = rounded_up(minor, step)
    assert up % step == 0
    assert 0 <= up - minor < step


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.integers(1, 5), st.sampled_from([None, 0, 1000])), min_size=1
    )
)
def test_tax_is_that_of_the_sum_of_each_rates_lines(lines: list[tuple[int, int, int | None]]) -> None:
    made = [NewLine("line", price, quantity=n, tax_rate_bp=rate) for price, n, rate in lines]
    groups = tax_groups(made, 2100)
    assert sum(group.net_minor for group in groups) == sum(price * n for price, n, _ in lines)
    for group in groups:
        own = [p * n for p, n, rate in lines if (2100 if rate is None else rate) == group.rate_bp]
        assert (group.net_minor, group.tax_minor) == (sum(own), tax_of(sum(own), group.rate_bp))
    assert len({group.rate_bp for group in groups}) == len(groups)


def test_one_tax_on_the_sum_and_not_many_on_the_lines() -> None:
    """Three lines of 0.03 at 21 %: 0.0063 each would be 0.03 in all, on the sum it is 0.02."""
    assert tax_groups([NewLine("line", 3)] * 3, 2100)[0].tax_minor == 2
