"""Firmware that machines of a model are to have: approved by staff, compared when a machine is cleaned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, func, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory import topics
from opsportal.domain.inventory.refusals import FirmwareUnusable
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    ApprovedFirmware,
    Cleaning,
    CleaningEvidence,
    CleaningStep,
    CleaningStepName,
    EvidenceResult,
    Server,
)
from opsportal.models.base import utcnow

BMC, BIOS = "BMC", "BIOS"
NEEDED = (BMC, BIOS)
"""What a machine tells of these must have been approved; other components only where somebody has approved one."""
LONGEST = 60
MAX_FACTS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """GOOD: each is as approved. OPEN: a person decides; the facts have both values."""

    result: EvidenceResult
    facts: Mapping[str, Any]


def list_approved(actor: Actor, unit: Unit) -> list[ApprovedFirmware]:
    """Every approved version, by model and component."""
    actor.require(Permission.FLEET_VIEW)
    order = (func.lower(col(ApprovedFirmware.model)), func.lower(col(ApprovedFirmware.component)))
    return list(unit.exec(select(ApprovedFirmware).order_by(*order)))


def list_models(actor: Actor, unit: Unit) -> list[str]:
    """The models of servers on record."""
    actor.require(Permission.FLEET_VIEW)
    query = select(Server.model).where(col(Server.model) != "").distinct()
    return sorted(unit.exec(query))


@dataclass(frozen=True, slots=True)
class Deviation:
    """A machine that is being cleaned, and what its firmware is other than approved."""

    server: Server
    facts: Mapping[str, Any]


def list_deviating(actor: Actor, unit: Unit) -> list[Deviation]:
    """Machines whose firmware waits for a person's word, by name."""
    actor.require(Permission.FLEET_VIEW)
    query = (
        select(Server, CleaningEvidence)
        .join(Cleaning, col(Cleaning.server_id) == col(Server.id))
        .join(CleaningStep, col(CleaningStep.cleaning_id) == col(Cleaning.id))
        .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
        .where(col(Cleaning.finished_at).is_(None), col(CleaningStep.name) == CleaningStepName.FIRMWARE)
        .order_by(col(CleaningEvidence.id))
    )
    newest = {server.name: (server, given) for server, given in unit.exec(query)}
    return [
        Deviation(server, given.facts)
        for _, (server, given) in sorted(newest.items())
        if given.result == EvidenceResult.OPEN
    ]


def approve(unit: Unit, actor: Actor, *, model: str, component: str, version: str) -> ApprovedFirmware:
    """From now on machines of this model are to have this version; one that was approved before is replaced."""
    actor.require(Permission.STOCK_MANAGE)
    model, component, version = (_clean(text) for text in (model, component, version))
    row = _find(unit, model, component)
    before = row.version if row else ""
    if row is None:
        row = ApprovedFirmware(model=model, component=component, version=version, approved_by=actor.name)
    row.version, row.approved_by, row.approved_at = version, actor.name, utcnow()
    unit.add(row)
    unit.flush()
    _said(unit, actor, "firmware:approved", row, before)
    return row


def withdraw(unit: Unit, actor: Actor, firmware_id: int) -> None:
    """The version is not approved any more: machines of the model go to a person."""
    actor.require(Permission.STOCK_MANAGE)
    row = unit.get(ApprovedFirmware, firmware_id, with_for_update=True)
    if row is None:
        raise NotFound
    _said(unit, actor, "firmware:withdrawn", row, row.version)
    unit.delete(row)


def _find(unit: Unit, model: str, component: str) -> ApprovedFirmware | None:
    query = select(ApprovedFirmware).where(
        func.lower(col(ApprovedFirmware.model)) == model.lower(),
        func.lower(col(ApprovedFirmware.component)) == component.lower(),
    )
    return unit.exec(query.with_for_update()).first()


def _clean(text: str) -> str:
    words = " ".join(text.split())
    if not words or len(words) > LONGEST or not words.isprintable():
        raise FirmwareUnusable
    return words


def _said(unit: Unit, actor: Actor, tag: str, row: ApprovedFirmware, before: str) -> None:
    trail.record(
        unit, tag, actor=actor, object_kind="firmware", object_id=row.id,
        object_name=f"{row.model} {row.component}", version=row.version, before=before,
    )  # fmt: skip
    unit.changed(topics.STOCK)


def approved_for(unit: Unit, model: str) -> list[ApprovedFirmware]:
    """What machines of this model are to have; the caller has authorised access to one."""
    query = select(ApprovedFirmware).where(func.lower(col(ApprovedFirmware.model)) == model.lower())
    return list(unit.exec(query.order_by(col(ApprovedFirmware.component))))


def compare(model: str, told: Mapping[str, str], approved: Sequence[ApprovedFirmware]) -> Verdict:
    """What a machine tells of itself against what was approved for its model. Pure."""
    found = {name.lower(): version for name, version in told.items() if version}
    wanted = {row.component.lower(): row for row in approved}
    lacking = [name for name in NEEDED if name.lower() in found and name.lower() not in wanted]
    differs = {
        row.component: f"approved {row.version}, found {found.get(row.component.lower()) or 'nothing'}"
        for row in approved
        if found.get(row.component.lower()) != row.version
    }
    if not approved:
        return _open(f"no approved version on record for {model}", dict(told))
    if not differs and not lacking:
        return Verdict(EvidenceResult.GOOD, _bounded({row.component: row.version for row in approved}))
    without = {name: f"no approved version, found {found[name.lower()]}" for name in lacking}
    return _open("not as approved", without | differs)


def _open(reason: str, facts: Mapping[str, str]) -> Verdict:
    return Verdict(EvidenceResult.OPEN, {"reason": reason} | _bounded(facts))


def _bounded(facts: Mapping[str, str]) -> dict[str, str]:
    return {name[:40]: version for name, version in list(facts.items())[:MAX_FACTS]}
