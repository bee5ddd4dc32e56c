"""The billing clock: now, and which day it is for the seller."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from contextvars import ContextVar

from opsportal.models.base import utcnow
from opsportal.settings import settings

_AS_OF: ContextVar[dt.datetime | None] = ContextVar("billing_as_of", default=None)


def now() -> dt.datetime:
    """The moment that bookings and documents carry, in UTC."""
    return _AS_OF.get() or utcnow()


def today() -> dt.date:
    """The billing day: that of the seller's time zone, whoever asks from wherever."""
    return billing_day(now())


def billing_day(moment: dt.datetime) -> dt.date:
    """The seller's calendar day at a moment."""
    return moment.astimezone(settings().billing_time_zone).date()


def noon(day: dt.date) -> dt.datetime:
    """A moment that is surely on this billing day."""
    return dt.datetime.combine(day, dt.time(12), tzinfo=settings().billing_time_zone)


@contextlib.contextmanager
def as_of(moment: dt.datetime) -> Iterator[None]:
    """Let the billing clock stand at a moment: for a demo's history, dry runs and tests."""
    token = _AS_OF.set(moment.astimezone(dt.UTC))
    try:
        yield
    finally:
        _AS_OF.reset(token)
