"""What an unpaid invoice is due for on a day: the dunning ladder as a pure function of dates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from opsportal.models import Invoice, InvoiceStatus


class DunningStep(StrEnum):
    """A rung of the ladder, in order."""

    ISSUED = "issued"
    REMINDER_BEFORE = "reminder_before"
    DUE_TOMORROW = "due_tomorrow"
    FIRST_REMINDER = "first_reminder"
    SECOND_REMINDER = "second_reminder"
    SUSPENSION = "suspension"
    TERMINATION = "termination"


LADDER: tuple[tuple[int, DunningStep], ...] = (
    (-7, DunningStep.REMINDER_BEFORE),
    (-1, DunningStep.DUE_TOMORROW),
    (1, DunningStep.FIRST_REMINDER),
    (3, DunningStep.SECOND_REMINDER),
    (5, DunningStep.SUSPENSION),
    (30, DunningStep.TERMINATION),
)
"""Days relative to the due day, and what is reached then. Ending hardware always needs a person's click."""


@dataclass(frozen=True, slots=True)
class Dunning:
    """Where an invoice stands: the rung it has reached, and when the next one comes."""

    step: DunningStep
    days_overdue: int
    next_step: DunningStep | None
    next_on: dt.date | None


def dunning(invoice: Invoice, today: dt.date) -> Dunning | None:
    """The state of an unpaid invoice on a day; None for one that waits for no money."""
    if invoice.status != InvoiceStatus.ISSUED:
        return None
    late = (today - invoice.due_on).days
    reached = [step for days, step in LADDER if days <= late]
    ahead = [(days, step) for days, step in LADDER if days > late]
    return Dunning(
        step=reached[-1] if reached else DunningStep.ISSUED,
        days_overdue=max(0, late),
        next_step=ahead[0][1] if ahead else None,
        next_on=invoice.due_on + dt.timedelta(days=ahead[0][0]) if ahead else None,
    )
