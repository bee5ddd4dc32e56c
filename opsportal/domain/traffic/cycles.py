"""Billing cycles of traffic: a month from the service's billing day to the next, by the seller's clock."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from opsportal.domain.billing import calendar, periods
from opsportal.models import Service, Term
from opsportal.settings import settings


@dataclass(frozen=True, slots=True)
class Cycle:
    """The days [first, after) and the instants at which they begin."""

    first: dt.date
    after: dt.date

    @property
    def start(self) -> dt.datetime:
        return _midnight(self.first)

    @property
    def end(self) -> dt.datetime:
        return _midnight(self.after)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=settings().billing_time_zone).astimezone(dt.UTC)


def cycle_on(service: Service, day: dt.date | None = None) -> Cycle:
    """The cycle that a billing day (today when None) lies in. A year's service has monthly cycles, too."""
    day = day or calendar.today()
    anchor = periods.anchor_of(service)
    first = _next(day.replace(day=1) - dt.timedelta(days=1), anchor)
    if first > day:
        first = periods.previous_boundary(first, term=Term.MONTH, anchor_day=anchor)
    return Cycle(first, _next(first, anchor))


def cycle_before(service: Service, cycle: Cycle) -> Cycle:
    """The one that ended when this one began."""
    return cycle_on(service, cycle.first - dt.timedelta(days=1))


def _next(day: dt.date, anchor: int) -> dt.date:
    return periods.next_boundary(day, term=Term.MONTH, anchor_day=anchor)
