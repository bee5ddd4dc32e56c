"""Periods tile time for every anchor day and term."""

from __future__ import annotations

import calendar
import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.billing.periods import (
    anchor_of,
    next_boundary,
    next_period,
    previous_boundary,
    quantity,
)
from opsportal.models import Service, Term

days = st.dates(dt.date(2000, 1, 1), dt.date(2090, 12, 31))
anchors = st.integers(1, 31)
terms = st.sampled_from(Term)


def _snapped(day: dt.date, anchor: int) -> dt.date:
    return day.replace(day=min(anchor, calendar.monthrange(day.year, day.month)[1]))


@given(days, anchors, terms)
def test_periods_tile(day: dt.date, anchor: int, term: Term) -> None:
    """No gap, no overlap, and the anchor day comes back as soon as a month has it."""
    bounds = [_snapped(day, anchor)]
    for _ in range(40):
        bounds.append(next_boundary(bounds[-1], term=term, anchor_day=anchor))
    for start, end in pairwise(bounds):
        assert start < end
        assert previous_boundary(end, term=term, anchor_day=anchor) == start
        assert end.day == min(anchor, calendar.monthrange(end.year, end.month)[1])
        months = (end.year - start.year) * 12 + end.month - start.month
        assert months == (12 if term is Term.YEAR else 1)


def test_the_31st_is_not_forgotten_in_february() -> None:
    bounds = [dt.date(2027, 1, 31)]
    for _ in range(4):
        bounds.append(next_boundary(bounds[-1], term=Term.MONTH, anchor_day=31))
    assert [str(day) for day in bounds] == [
        "2027-01-31",
        "2027-02-28",
        "2027-03-31",
        "2027-04-30",
        "2027-05-31",
    ]


def test_a_year_from_the_leap_day() -> None:
    first = next_boundary(dt.date(2028, 2, 29), term=Term.YEAR, anchor_day=29)
    assert first == dt.date(2029, 2, 28)
    assert [first := next_boundary(first, term=Term.YEAR, anchor_day=29) for _ in range(3)][-1] == dt.date(
        2032, 2, 29
    )


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [("2026-03-01", "2026-04-01", 743), ("2026-10-01", "2026-11-01", 745), ("2026-06-01", "2026-07-01", 720)],
)
def test_hours_of_a_period_follow_the_sellers_clock(start: str, end: str, hours: int) -> None:
    period = (dt.date.fromisoformat(start), dt.date.fromisoformat(end))
    assert quantity(Term.HOUR, *period) == hours
    assert quantity(Term.MONTH, *period) == quantity(Term.YEAR, *period) == 1


def test_next_period_follows_what_is_charged_and_not_what_is_paid() -> None:
    service = Service(
        company_id=1, plan_id=1, name="x", price_minor=1, currency="EUR", term=Term.MONTH,
        period_end=dt.date(2027, 2, 28), charged_through=dt.date(2027, 3, 31), anchor_day=31,
    )  # fmt: skip
    assert next_period(service) == (dt.date(2027, 3, 31), dt.date(2027, 4, 30))
    service.charged_through = None
    assert next_period(service) == (dt.date(2027, 2, 28), dt.date(2027, 3, 31))
    service.anchor_day = None
    assert anchor_of(service) == 28
    service.period_end = None
    assert (next_period(service), anchor_of(service)) == (None, 1)
