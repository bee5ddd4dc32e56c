"""A machine's cleaning: what needs evidence, who gave it, and what is still lacking.

The newest evidence of each step counts. The database lets a server become verified only when that of
every step is good, so nothing here can leave a step out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.inventory import hardware_record, rotation, stock, topics
from opsportal.domain.inventory.order_lines import Ordered
from opsportal.domain.inventory.refusals import (
    CleaningEnded,
    EvidenceNotOfThisStep,
    FactoryUserLeft,
    StockStepNotPossible,
)
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    Bmc,
    Cleaning,
    CleaningEvidence,
    CleaningKind,
    CleaningStep,
    CleaningStepName,
    EvidenceResult,
    HardwareJob,
    Part,
    PartKind,
    PartStatus,
    Server,
    StockStatus,
)

CONFIRMED = "confirmed"
DISK_METHODS = (
    "nvme_format", "ata_enhanced_erase", "ata_secure_erase", "scsi_sanitize", "secure_discard", "overwrite",
    "destroyed",
)  # fmt: skip
METHODS: dict[CleaningStepName, tuple[str, ...]] = {
    name: DISK_METHODS if name is CleaningStepName.DISK else (CONFIRMED,) for name in CleaningStepName
}
METHODS[CleaningStepName.INVENTORY] = (CONFIRMED, "order_accepted", "sent_back")
"""How a person may say that a step was done."""


@dataclass(frozen=True, slots=True)
class StepState:
    """A step of a cleaning with the evidence that counts (None: there is none yet)."""

    step: CleaningStep
    newest: CleaningEvidence | None
    entries: int

    @property
    def is_good(self) -> bool:
        return self.newest is not None and self.newest.result == EvidenceResult.GOOD


def disk_subject(part: Part) -> str:
    """How a disk is named in a cleaning; the database looks for the same."""
    return part.serial or part.wwn or f"part-{part.id}"


def start_cleaning(unit: Unit, actor: Actor, server_id: int) -> Cleaning:
    """Begin a machine's way back to stock: write down everything that needs evidence."""
    server = stock.locked(unit, actor, server_id)
    if server.stock_status != StockStatus.QUARANTINED:
        raise StockStepNotPossible(server=server.name)
    return open_cleaning(unit, actor, server, CleaningKind.RETURN)


def open_cleaning(
    unit: Unit,
    actor: Actor,
    server: Server,
    kind: CleaningKind,
    *,
    order_ref: str = "",
    expected: list[dict[str, Any]] | None = None,
) -> Cleaning:
    """Move a locked, quarantined machine to cleaning, with one step for each disk on record."""
    assert server.id is not None
    cleaning = Cleaning(
        server_id=server.id, kind=kind, order_ref=order_ref, expected=expected or [], started_by=actor.name
    )
    unit.add(cleaning)
    unit.flush()
    assert cleaning.id is not None
    for name in CleaningStepName:
        if name is not CleaningStepName.DISK:
            unit.add(CleaningStep(cleaning_id=cleaning.id, name=name))
    _add_disks(unit, cleaning.id, server.id, at_least_one=True)
    unit.flush()
    stock.step(unit, actor, server, StockStatus.CLEANING, tag=f"{kind}_begun", reason=order_ref)
    return cleaning


def _add_disks(unit: Unit, cleaning_id: int, server_id: int, *, at_least_one: bool = False) -> None:
    """A step for every disk that has none; without any on record one for whatever disks there are."""
    disks = unit.exec(
        select(Part).where(
            col(Part.server_id) == server_id,
            col(Part.kind) == PartKind.DISK,
            col(Part.status) == PartStatus.INSTALLED,
        )
    ).all()
    query = select(CleaningStep.subject).where(
        col(CleaningStep.cleaning_id) == cleaning_id, col(CleaningStep.name) == CleaningStepName.DISK
    )
    known = set(unit.exec(query))
    subjects = {disk_subject(disk) for disk in disks} or ({""} if at_least_one else set())
    for subject in sorted(subjects - known):
        unit.add(CleaningStep(cleaning_id=cleaning_id, name=CleaningStepName.DISK, subject=subject))
    unit.flush()


def find_cleaning(unit: Unit, server_id: int) -> Cleaning | None:
    """The machine's newest cleaning; the caller has authorised access to it."""
    query = select(Cleaning).where(col(Cleaning.server_id) == server_id).order_by(col(Cleaning.id).desc())
    return unit.exec(query.limit(1)).first()


def states_of(unit: Unit, cleaning_id: int) -> list[StepState]:
    """A cleaning's steps in their order, disks by serial number."""
    steps = unit.exec(select(CleaningStep).where(col(CleaningStep.cleaning_id) == cleaning_id)).all()
    entries: dict[int, list[CleaningEvidence]] = {}
    query = select(CleaningEvidence).where(col(CleaningEvidence.step_id).in_([s.id for s in steps]))
    for entry in unit.exec(query.order_by(col(CleaningEvidence.id))):
        entries.setdefault(entry.step_id, []).append(entry)
    order = list(CleaningStepName)
    found = []
    for step in sorted(steps, key=lambda s: (order.index(CleaningStepName(s.name)), s.subject)):
        given = entries.get(step.id or 0, [])
        found.append(StepState(step, given[-1] if given else None, len(given)))
    return found


def history_of(actor: Actor, unit: Unit, cleaning_id: int) -> list[tuple[CleaningStep, CleaningEvidence]]:
    """All evidence of a cleaning, the oldest first: what a certificate is made of."""
    cleaning = unit.get(Cleaning, cleaning_id)
    if cleaning is None:
        raise NotFound
    access_server_for(actor, unit, cleaning.server_id, permission=Permission.FLEET_VIEW)
    query = (
        select(CleaningStep, CleaningEvidence)
        .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
        .where(col(CleaningStep.cleaning_id) == cleaning_id)
        .order_by(col(CleaningEvidence.id))
    )
    return [(step, entry) for step, entry in unit.exec(query)]


def confirm(
    unit: Unit, actor: Actor, step_id: int, *, result: EvidenceResult, method: str, note: str
) -> CleaningEvidence:
    """A person says, with name and note, what they did or found. Bad evidence makes the machine faulty."""
    words = stock.checked_reason(note)
    step, cleaning = _open_step(unit, step_id)
    server = stock.locked(unit, actor, cleaning.server_id)
    if method not in METHODS[CleaningStepName(step.name)]:
        raise EvidenceNotOfThisStep
    if step.name == CleaningStepName.BMC_USERS and result == EvidenceResult.GOOD:
        _refuse_factory_user(unit, cleaning.server_id)
    entry = CleaningEvidence(
        step_id=step_id, result=result, method=method, note=words, actor_id=actor.person_id,
        actor_name=actor.name,
    )  # fmt: skip
    _keep(unit, actor, server, cleaning, step, entry)
    return entry


def _refuse_factory_user(unit: Unit, server_id: int) -> None:
    """Whoever knows the model knows its factory user: nobody's word makes that one good."""
    row = unit.get(Bmc, server_id)
    if row is not None and rotation.is_factory_user(row.username):
        raise FactoryUserLeft


def witness(
    unit: Unit,
    job_id: int,
    name: CleaningStepName,
    *,
    result: EvidenceResult,
    method: str,
    subject: str = "",
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """A job says what it did or found, as evidence for its machine's open cleaning. False when there is none.

    A disk that has no step yet gets one: it was found while the cleaning ran. OPEN leaves the step to a person,
    and takes nothing back that a person has said of it. The caller proves the job's claim.
    """
    job = unit.get_one(HardwareJob, job_id)
    server = unit.get_one(Server, job.server_id, with_for_update=True, populate_existing=True)
    cleaning = find_cleaning(unit, job.server_id)
    if cleaning is None or cleaning.finished_at is not None or cleaning.id is None:
        return False
    step = _step_for(unit, cleaning.id, name, subject)
    if result is EvidenceResult.OPEN and _is_settled(unit, step):
        return False
    entry = CleaningEvidence(
        step_id=step.id or 0, result=result, method=method, facts=dict(facts or {}),
        actor_id=job.actor_id, actor_name=job.actor_name, job_id=job_id,
    )  # fmt: skip
    _keep(unit, None, server, cleaning, step, entry)
    return True


def _is_settled(unit: Unit, step: CleaningStep) -> bool:
    """Whether a person has said that the step is good, and nobody anything else since."""
    query = select(CleaningEvidence).where(col(CleaningEvidence.step_id) == step.id)
    newest = unit.exec(query.order_by(col(CleaningEvidence.id).desc()).limit(1)).first()
    return newest is not None and newest.result == EvidenceResult.GOOD and newest.job_id is None


def said_by_job(unit: Unit, cleaning_id: int, job_id: int) -> set[str]:
    """The disks of a cleaning that this job has given evidence about."""
    query = (
        select(CleaningStep.subject)
        .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
        .where(
            col(CleaningStep.cleaning_id) == cleaning_id,
            col(CleaningStep.name) == CleaningStepName.DISK,
            col(CleaningEvidence.job_id) == job_id,
        )
    )
    return set(unit.exec(query))


def _step_for(unit: Unit, cleaning_id: int, name: CleaningStepName, subject: str) -> CleaningStep:
    query = select(CleaningStep).where(
        col(CleaningStep.cleaning_id) == cleaning_id,
        col(CleaningStep.name) == name,
        col(CleaningStep.subject) == subject,
    )
    step = unit.exec(query).first()
    if step is None:
        step = CleaningStep(cleaning_id=cleaning_id, name=name, subject=subject)
        unit.add(step)
        unit.flush()
    return step


def expect_disk(unit: Unit, cleaning_id: int, subject: str) -> None:
    """This disk needs evidence too, from now on."""
    _step_for(unit, cleaning_id, CleaningStepName.DISK, subject)


def note_disks(unit: Unit, server_id: int) -> None:
    """An inspection has found disks: each of them needs evidence too."""
    cleaning = find_cleaning(unit, server_id)
    if cleaning is not None and cleaning.finished_at is None and cleaning.id is not None:
        _add_disks(unit, cleaning.id, server_id)


def _open_step(unit: Unit, step_id: int) -> tuple[CleaningStep, Cleaning]:
    step = unit.get(CleaningStep, step_id)
    if step is None:
        raise NotFound
    return step, unit.get_one(Cleaning, step.cleaning_id)


def _keep(
    unit: Unit,
    actor: Actor | None,
    server: Server,
    cleaning: Cleaning,
    step: CleaningStep,
    entry: CleaningEvidence,
) -> None:
    unit.refresh(cleaning)
    if cleaning.finished_at is not None or server.stock_status != StockStatus.CLEANING:
        raise CleaningEnded
    unit.add(entry)
    unit.flush()
    assert server.id is not None
    topics.announce(unit, server.id)
    if step.name == CleaningStepName.DISK and entry.result == EvidenceResult.GOOD:
        _prove_unnamed(unit, entry, step.cleaning_id)
    if step.name == CleaningStepName.INVENTORY and entry.result == EvidenceResult.GOOD:
        hardware_record.take_for_ordered(unit, server.id, [Ordered(**line) for line in cleaning.expected])
    if entry.result == EvidenceResult.BAD:
        reason = f"{step.name} {step.subject}: {entry.note or entry.method}".strip()
        stock.step(unit, actor, server, StockStatus.FAULTY, tag="faulty", reason=reason)
    elif all(state.is_good for state in states_of(unit, step.cleaning_id)):
        stock.step(unit, actor, server, StockStatus.VERIFIED, tag="verified")


def _prove_unnamed(unit: Unit, entry: CleaningEvidence, cleaning_id: int) -> None:
    """The step for "whatever disks there are" is good once disks were found, and each of them is.

    It was written down before the machine had said which it has, and steps stay.
    """
    disks = [one for one in states_of(unit, cleaning_id) if one.step.name == CleaningStepName.DISK]
    named = [one for one in disks if one.step.subject]
    unnamed = next((one for one in disks if not one.step.subject and one.newest is None), None)
    if unnamed is None or not named or not all(one.is_good for one in named):
        return
    facts = {"disks": ", ".join(one.step.subject for one in named)[:200]}
    unit.add(
        CleaningEvidence(
            step_id=unnamed.step.id or 0, result=EvidenceResult.GOOD, method=entry.method, note=entry.note,
            facts=facts, actor_id=entry.actor_id, actor_name=entry.actor_name, job_id=entry.job_id,
        )
    )  # fmt: skip
    unit.flush()


def list_failures(
    unit: Unit, server_ids: Sequence[int]
) -> dict[int, list[tuple[CleaningStep, CleaningEvidence] | None]]:
    """By server: what ended each cleaning that made it faulty, the oldest first. None: a person's word alone.

    Bad evidence ends its cleaning in the same transaction, so there is one entry of it at most.
    """
    failed = select(Cleaning).where(
        col(Cleaning.server_id).in_(server_ids), col(Cleaning.outcome) == "failed"
    )
    ended = unit.exec(failed.order_by(col(Cleaning.id))).all()
    query = (
        select(CleaningStep, CleaningEvidence)
        .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
        .where(
            col(CleaningStep.cleaning_id).in_([cleaning.id for cleaning in ended]),
            col(CleaningEvidence.result) == EvidenceResult.BAD,
        )
    )
    bad = {step.cleaning_id: (step, entry) for step, entry in unit.exec(query)}
    found: dict[int, list[tuple[CleaningStep, CleaningEvidence] | None]] = {one: [] for one in server_ids}
    for cleaning in ended:
        found[cleaning.server_id].append(bad.get(cleaning.id or 0))
    return found


def cleaned_at(unit: Unit, server_ids: list[int]) -> dict[int, Any]:
    """When each of these machines was last verified."""
    query = (
        select(Cleaning.server_id, Cleaning.finished_at)
        .where(col(Cleaning.server_id).in_(server_ids), col(Cleaning.outcome) == "verified")
        .order_by(col(Cleaning.id))
    )
    return dict(unit.exec(query).all())
