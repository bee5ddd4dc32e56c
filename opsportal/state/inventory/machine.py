"""One machine in stock: place, parts, confidence, and its cleaning with every piece of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import changes
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.looking import look_at
from opsportal.domain.hardware.port_orders import in_force
from opsportal.domain.inventory import cables, cleanings, deliveries, labels, parts, places, rotation, scores
from opsportal.domain.inventory.cleanings import METHODS, StepState
from opsportal.domain.inventory.confidence import Confidence
from opsportal.domain.inventory.stock import ENDED
from opsportal.domain.inventory.topics import STOCK
from opsportal.models import (
    Bmc,
    BmcRotation,
    CleaningEvidence,
    CleaningStep,
    CleaningStepName,
    Company,
    Inspection,
    JobKind,
    Person,
    Server,
    Service,
)
from opsportal.models.base import utcnow
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.inventory.erased import erased_of
from opsportal.state.inventory.parts import part_view
from opsportal.state.inventory.reasons import reasons_of
from opsportal.state.inventory.views import (
    BmcRecordView,
    ChangeView,
    DifferenceView,
    EvidenceView,
    MachineView,
    OrderLineView,
    ScoreView,
    StepStateView,
)
from opsportal.state.inventory.wiring import cable_view, screen_view
from opsportal.state.machine.lights import light_of
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import JobView, ProblemView, iso
from opsportal.state.wire import Address, address

MAX_FACT = 240


class MachineAddress(Address):
    server_id: Annotated[int, Field(gt=0, lt=2**63)]


class MachineState(rx.State):
    """One machine, for those who bring it back to stock."""

    machine: MachineView = MachineView()
    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (MACHINE, address(self, MachineAddress).server_id))


def read_machine(unit: Unit, actor: Actor, server_id: int) -> MachineView:
    server, service = access_server_for(actor, unit, server_id, permission=Permission.FLEET_VIEW)
    bmc = unit.get(Bmc, server_id)
    place = places.find_position(unit, server_id)
    found = scores.scores_of(unit, [server], now=utcnow())[server_id]
    seen = parts.newest_inspections(unit, [server_id]).get(server_id)
    return MachineView(
        is_ready=True,
        id=server_id,
        name=server.name,
        label=labels.label_of(server_id),
        status=server.stock_status,
        is_blocked=in_force(unit, server_id) is not None,
        site=server.site,
        rack=server.rack,
        rack_id=(place[1].id or 0) if place else 0,
        bmc_host=f"{bmc.host}:{bmc.port}" if bmc else "",
        bmc_user=bmc.username if bmc else "",
        bmc=_bmc(bmc),
        screen=screen_view(unit, server_id),
        cables=[cable_view(one) for one in cables.list_of_server(actor, unit, server_id)],
        is_default_user=bmc is not None and bmc.username.lower() in rotation.DEFAULT_USERS,
        is_rotating=unit.get(BmcRotation, server_id) is not None,
        **_tenant(unit, service),
        confidence=found.total,
        scores=_scores(found),
        parts=[part_view(part) for part in parts.parts_of(unit, server_id)],
        **_inspection(seen),
        **_cleaning(unit, actor, server_id),
        changes=_changes(unit, server_id),
        **light_of(unit, actor, server_id),
        job=newest_job(unit, actor, server),
    )


def _bmc(row: Bmc | None) -> BmcRecordView:
    if row is None:
        return BmcRecordView()
    return BmcRecordView(row.host, row.port, row.username, row.driver, row.cipher_suite, row.certificate)


def _tenant(unit: Unit, service: Service | None) -> dict[str, Any]:
    if service is None:
        return {}
    company = unit.get_one(Company, service.company_id).name
    return {
        "company": company, "service_id": service.id or 0, "service_has_ended": service.status in ENDED,
    }  # fmt: skip


def _scores(found: Confidence) -> list[ScoreView]:
    return [ScoreView(part.name, part.points, part.most, iso(part.seen_at)) for part in found.parts]


def _inspection(seen: Inspection | None) -> dict[str, Any]:
    if seen is None:
        return {}
    return {
        "inspection_id": seen.id or 0,
        "inspected_at": iso(seen.at),
        "why_partial": seen.why_partial,
        "differences": [DifferenceView(**difference) for difference in seen.differences],
    }


def _cleaning(unit: Unit, actor: Actor, server_id: int) -> dict[str, Any]:
    cleaning = cleanings.find_cleaning(unit, server_id)
    if cleaning is None or cleaning.id is None:
        return {}
    states = cleanings.states_of(unit, cleaning.id)
    history = cleanings.history_of(actor, unit, cleaning.id)
    beside = deliveries.beside_order(unit, server_id, cleaning)
    return {
        "order_lines": [
            OrderLineView(
                line.what, line.kind, line.model, line.expected, line.found, ", ".join(line.missing)
            )
            for line in beside.lines
        ],
        "order_needs_word": beside.needs_word,
        "cleaning_id": cleaning.id,
        "cleaning_kind": cleaning.kind,
        "cleaning_outcome": cleaning.outcome or "",
        "order_ref": cleaning.order_ref,
        "started_at": iso(cleaning.started_at),
        "started_by": cleaning.started_by,
        "finished_at": iso(cleaning.finished_at),
        "steps": [_step(state) for state in states],
        "done": sum(state.is_good for state in states),
        "erased": erased_of(unit, cleaning),
        "evidence": [_evidence(step, entry) for step, entry in history],
    }


def _step(state: StepState) -> StepStateView:
    return StepStateView(
        id=state.step.id or 0,
        name=state.step.name,
        subject=state.step.subject,
        result=state.newest.result if state.newest else "",
        newest=_evidence(state.step, state.newest) if state.newest else EvidenceView(),
        entries=state.entries,
        methods=list(METHODS[CleaningStepName(state.step.name)]),
    )


def _evidence(step: CleaningStep, entry: CleaningEvidence) -> EvidenceView:
    return EvidenceView(
        id=entry.id or 0,
        step=step.name,
        subject=step.subject,
        result=entry.result,
        method=entry.method,
        note=entry.note,
        by=entry.actor_name,
        at=iso(entry.at),
        job_id=entry.job_id or 0,
        facts=facts_of(entry.facts),
    )


def facts_of(facts: Mapping[str, Any]) -> list[str]:
    """What evidence says, in lines."""
    return [f"{name}: {value}"[:MAX_FACT] for name, value in sorted(facts.items())]


def _changes(unit: Unit, server_id: int) -> list[ChangeView]:
    steps = changes.list_changes(unit, "stock", [server_id])[server_id]
    reasons = reasons_of(unit, {server_id: steps})
    people = {step.actor_id: unit.get_one(Person, step.actor_id).name for step in steps if step.actor_id}
    newest = list(reversed(steps))[:20]
    return [
        ChangeView(
            step.to_status, people.get(step.actor_id, ""), why.words, iso(step.at), why.step, why.subject
        )
        for step, why in ((step, reasons[step.id or 0]) for step in newest)
    ]


def newest_job(unit: Unit, actor: Actor, server: Server) -> JobView:
    """The server's newest job with its steps; empty without one."""
    jobs = fleet.list_server_jobs(actor, unit, server.id or 0, limit=1)
    if not jobs:
        return JobView()
    number = jobs[0].id or 0
    steps = fleet.steps_of(unit, [number])[number]
    usual = fleet.usual_seconds(unit, JobKind(jobs[0].kind))
    look = look_at(unit, jobs)[number]
    return rows.job_view(jobs[0], actor=actor, server=server, steps=steps, usual=usual, look=look)


MACHINE = StateView(
    "machine",
    MachineState,
    "machine",
    read_machine,
    lambda _, server_id: frozenset({topics.server(server_id), STOCK}),
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=MachineView(),
)
