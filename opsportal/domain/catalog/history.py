"""What happened to a service. A trigger writes it, whoever changes the service; here is said who that was."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_service_for
from opsportal.models import Plan, ServiceChange, Term
from opsportal.models.base import utcnow

LIMIT = 200
RECENT = dt.timedelta(days=90)
"""A price that rose within these days is marked in the list of services."""
_A_YEAR = {Term.HOUR: 8_760, Term.MONTH: 12, Term.YEAR: 1}
_SET = text("SELECT set_config('opsportal.by', :who, true)")


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A line of the history with the plans that it names."""

    change: ServiceChange
    plan: str
    plan_before: str


@contextlib.contextmanager
def by(unit: Unit, actor: Actor | None, *, reason: str = "", at: dt.datetime | None = None) -> Iterator[None]:
    """What changes services inside is this actor's doing, for this reason; without an actor, the portal's.

    `at`: when it happened, for what is brought over from before.
    """
    who: dict[str, str | int | None] = {"reason": reason, "at": at.isoformat() if at else None}
    if actor is not None:
        who |= {"id": actor.person_id, "name": actor.name, "role": actor.role.value}
    unit.flush()
    unit.execute(_SET, {"who": json.dumps(who)})
    yield
    unit.flush()
    unit.execute(_SET, {"who": ""})


def list_changes(actor: Actor, unit: Unit, service_id: int) -> list[ChangeRow]:
    """The history of a service that the actor may see, newest first."""
    access_service_for(actor, unit, service_id)
    query = select(ServiceChange).where(col(ServiceChange.service_id) == service_id)
    found = unit.exec(query.order_by(col(ServiceChange.id).desc()).limit(LIMIT)).all()
    wanted = {one.plan_id for one in found} | {one.plan_before_id for one in found if one.plan_before_id}
    names = {plan.id: plan.name for plan in unit.exec(select(Plan).where(col(Plan.id).in_(wanted)))}
    return [ChangeRow(one, names[one.plan_id], names.get(one.plan_before_id, "")) for one in found]


def newest(unit: Unit, service_id: int) -> ServiceChange:
    """The last line of a service's history."""
    unit.flush()
    query = select(ServiceChange).where(col(ServiceChange.service_id) == service_id)
    return unit.exec(query.order_by(col(ServiceChange.id).desc()).limit(1)).one()


def is_rise(change: ServiceChange) -> bool:
    """Whether this line says that the service costs more from then on, whatever the term."""
    return _rose(change, change)


def rises(unit: Unit, service_ids: Sequence[int]) -> dict[int, tuple[ServiceChange, ServiceChange]]:
    """Of these services those that cost more than before the recent changes: the first and the last of these.

    A price that rose and fell back is none. The caller may see these services.
    """
    query = (
        select(ServiceChange)
        .where(
            col(ServiceChange.service_id).in_(service_ids),
            col(ServiceChange.price_before_minor).is_not(None),
            col(ServiceChange.kind) != "renewed",
            col(ServiceChange.at) > utcnow() - RECENT,
        )
        .order_by(col(ServiceChange.id))
    )
    found: dict[int, tuple[ServiceChange, ServiceChange]] = {}
    for change in unit.exec(query):
        found[change.service_id] = (found.get(change.service_id, (change,))[0], change)
    return {number: pair for number, pair in found.items() if _rose(*pair)}


def _rose(first: ServiceChange, last: ServiceChange) -> bool:
    if first.price_before_minor is None or first.currency_before != last.currency:
        return False
    before = first.price_before_minor * _A_YEAR[Term(first.term_before or "")]
    return last.price_minor * _A_YEAR[Term(last.term)] > before
