"""What of the machinery is out of order: kept while it lasts, shown to staff on every page, mailed to the desk.

One mail when it has lasted long enough to be no restart, one when it is over. Whoever looks reports what is
present; several may look at the same time, and each outage is written and told once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.mail.desk import tell_desk
from opsportal.domain.mail.letters import Link, Text
from opsportal.domain.upkeep import letters
from opsportal.domain.upkeep.troubles import Kind, Trouble, kind_of
from opsportal.models import Outage
from opsportal.models.base import utcnow

TOPIC = "outages"
MAIL_KIND = "outage"
TOLD_AFTER = dt.timedelta(seconds=60)
"""A restart takes less."""


def list_open(actor: Actor, unit: Unit) -> list[Outage]:
    """What is out of order now and was said, the oldest first."""
    actor.require(Permission.JOBS_WATCH)
    query = select(Outage).where(col(Outage.told_at).is_not(None), col(Outage.over_at).is_(None))
    return list(unit.exec(query.order_by(col(Outage.since), col(Outage.id))))


def keep(
    unit: Unit,
    present: Mapping[str, Trouble],
    *,
    is_unsure: Callable[[str], bool],
    now: dt.datetime | None = None,
) -> int:
    """Write down what has begun, what has lasted, and what is over. Returns how many outages were told.

    `is_unsure`: parts of which nothing is known at present, so that their silence means nothing.
    """
    now = now or utcnow()
    for part in sorted(present):
        values = {"part": part, "since": now, "facts": {}}
        unit.execute(insert(Outage).values(**values).on_conflict_do_nothing())
    still_open = select(Outage).where(col(Outage.over_at).is_(None)).order_by(col(Outage.part))
    told = 0
    for row in unit.exec(still_open.with_for_update().execution_options(populate_existing=True)):
        trouble = present.get(row.part)
        if trouble is not None:
            told += _goes_on(unit, row, trouble, now)
        elif not is_unsure(row.part):
            told += _is_over(unit, row, now)
    return told


def _goes_on(unit: Unit, row: Outage, trouble: Trouble, now: dt.datetime) -> bool:
    # A silent worker has been waited for already, until it was counted as lost.
    patience = dt.timedelta(0) if kind_of(row.part) == Kind.LOST else TOLD_AFTER
    if row.told_at is not None or now - row.since < patience:
        return False
    row.told_at, row.facts = now, {"waiting": trouble.waiting, "workers": list(trouble.workers)}
    _tell(unit, row, "began", letters.began(row, trouble))
    return True


def _is_over(unit: Unit, row: Outage, now: dt.datetime) -> bool:
    if row.told_at is None:
        unit.delete(row)
        return False
    row.over_at = now
    _tell(unit, row, "over", letters.over(row))
    return True


def _tell(unit: Unit, row: Outage, which: str, words: tuple[Text, list[Text]]) -> None:
    subject, body = words
    tell_desk(
        unit,
        kind=MAIL_KIND,
        subject=subject,
        body=[*body, Link(msgid="Open the queues", path="/queues")],
        about=("outage", row.id or 0),
        key=f"outage:{row.id}:{which}",
    )
    unit.changed(TOPIC)
