"""Billing periods: half-open, tiling time without gap or overlap, on an anchor day that is never lost."""

from __future__ import annotations

import calendar as months
import datetime as dt

from opsportal.models import Service, Term
from opsportal.settings import settings


def next_boundary(start: dt.date, *, term: Term, anchor_day: int) -> dt.date:
    """Where the period that begins at `start` ends: (31 Jan) → 28 Feb → 31 Mar for anchor day 31.

    Services paid by the hour have monthly periods too, of as many hours as the period has.
    """
    if term is Term.YEAR:
        return _on(start.year + 1, start.month, anchor_day)
    year, month = divmod(start.year * 12 + start.month, 12)
    return _on(year, month + 1, anchor_day)


def previous_boundary(end: dt.date, *, term: Term, anchor_day: int) -> dt.date:
    """Where the period that ends at `end` began."""
    if term is Term.YEAR:
        return _on(end.year - 1, end.month, anchor_day)
    year, month = divmod(end.year * 12 + end.month - 2, 12)
    return _on(year, month + 1, anchor_day)


def anchor_of(service: Service) -> int:
    """The day of the month on which a service's periods begin."""
    if service.anchor_day is not None:
        return service.anchor_day
    return service.period_end.day if service.period_end else 1


def charged_until(service: Service) -> dt.date | None:
    """Where the next charge begins; None for a service that has not begun."""
    return service.charged_through or service.period_end


def next_period(service: Service) -> tuple[dt.date, dt.date] | None:
    """The period that is to be charged next."""
    start = charged_until(service)
    if start is None:
        return None
    return start, next_boundary(start, term=Term(service.term), anchor_day=anchor_of(service))


def quantity(term: Term, start: dt.date, end: dt.date) -> int:
    """How many units a period has: one month, one year, or its hours by the seller's clock (DST counts)."""
    if term is not Term.HOUR:
        return 1
    zone = settings().billing_time_zone
    first, last = (
        dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC) for day in (start, end)
    )
    return int((last - first).total_seconds() // 3600)


def _on(year: int, month: int, day: int) -> dt.date:
    return dt.date(year, month, min(day, months.monthrange(year, month)[1]))
