"""A machine beside its order: what it has of each line, and a person's word on the difference."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory import cleanings, parts, stock
from opsportal.domain.inventory.comparison import SeenPart
from opsportal.domain.inventory.order_lines import Line, Ordered, compare
from opsportal.domain.inventory.refusals import InspectionOutdated, NoDifference
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    Cleaning,
    CleaningKind,
    CleaningStep,
    CleaningStepName,
    EvidenceResult,
    Inspection,
    Server,
)

ACCEPTED, SENT_BACK = "order_accepted", "sent_back"


@dataclass(frozen=True, slots=True)
class Beside:
    """`lines` is empty before the machine was asked. `needs_word`: they differ, and nobody has decided about it."""

    lines: list[Line]
    inspection: Inspection | None
    needs_word: bool


def beside_order(unit: Unit, server_id: int, cleaning: Cleaning | None) -> Beside:
    """The newest inspection of an intake beside its order; the caller has authorised access to the server."""
    if (
        cleaning is None
        or cleaning.kind != CleaningKind.INTAKE
        or not cleaning.expected
        or cleaning.id is None
    ):
        return Beside([], None, needs_word=False)
    seen = parts.newest_inspections(unit, [server_id]).get(server_id)
    if seen is None or seen.at < cleaning.started_at:
        return Beside([], None, needs_word=False)
    ordered = [Ordered(**line) for line in cleaning.expected]
    lines = compare(ordered, [SeenPart(**part) for part in seen.found])
    differs = not all(line.is_good for line in lines)
    states = cleanings.states_of(unit, cleaning.id)
    is_settled = any(one.step.name == CleaningStepName.INVENTORY and one.is_good for one in states)
    return Beside(lines, seen, differs and cleaning.finished_at is None and not is_settled)


def accept(unit: Unit, actor: Actor, inspection_id: int, *, reason: str) -> None:
    """A person takes the machine as it is, and says why. Its record follows what it said."""
    words = stock.checked_reason(reason)
    server, beside = _differing(unit, actor, inspection_id)
    parts.accept(unit, actor, inspection_id)
    _enter(unit, actor, server, EvidenceResult.GOOD, ACCEPTED, words, beside)


def send_back(unit: Unit, actor: Actor, inspection_id: int, *, reason: str) -> None:
    """A person refuses the machine: it is faulty until somebody takes it over."""
    words = stock.checked_reason(reason)
    server, beside = _differing(unit, actor, inspection_id)
    _enter(unit, actor, server, EvidenceResult.BAD, SENT_BACK, words, beside)


def _differing(unit: Unit, actor: Actor, inspection_id: int) -> tuple[Server, Beside]:
    actor.require(Permission.STOCK_MANAGE)
    looked_at = unit.get(Inspection, inspection_id)
    if looked_at is None:
        raise NotFound
    server = stock.locked(unit, actor, looked_at.server_id)
    beside = beside_order(unit, looked_at.server_id, cleanings.find_cleaning(unit, looked_at.server_id))
    if beside.inspection is not None and beside.inspection.id != inspection_id:
        raise InspectionOutdated
    if not beside.needs_word:
        raise NoDifference
    return server, beside


def _enter(
    unit: Unit, actor: Actor, server: Server, result: EvidenceResult, method: str, words: str, beside: Beside
) -> None:
    cleaning = cleanings.find_cleaning(unit, server.id or 0)
    query = select(CleaningStep.id).where(
        col(CleaningStep.cleaning_id) == (cleaning.id if cleaning else 0),
        col(CleaningStep.name) == CleaningStepName.INVENTORY,
    )
    step_id = unit.exec(query).one()
    trail.record(
        unit, f"order:{'accepted' if result is EvidenceResult.GOOD else 'refused'}", actor=actor,
        object_kind="server", object_id=server.id, object_name=server.name, reason=words,
        differing=sum(not line.is_good for line in beside.lines),
    )  # fmt: skip
    cleanings.confirm(unit, actor, step_id or 0, result=result, method=method, note=words)
