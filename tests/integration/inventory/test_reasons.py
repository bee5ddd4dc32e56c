"""Why a machine became faulty is told from the evidence that its cleanings have, never from a text."""

from __future__ import annotations

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.audit import changes
from opsportal.domain.inventory import cleanings, stock
from opsportal.models import CleaningStepName, EvidenceResult, JobStatus, Role, Server
from opsportal.state.inventory.machine import read_machine
from opsportal.state.inventory.reasons import Reason, reasons_of
from opsportal.state.inventory.stock import read_stock
from tests.builders import make_actor, make_server
from tests.doors.world import make_job
from tests.integration.inventory.machines import begin_cleaning

pytestmark = pytest.mark.usefixtures("portal")
LOOKS_LIKE_EVIDENCE = "burn_in : do not switch on"


def _goes_bad(actor: Actor, server: Server, name: str, note: str) -> None:
    """The machine is cleaned, and evidence of one step is bad."""
    cleaning = begin_cleaning(actor, server)
    with unit_of_work() as unit:
        states = cleanings.states_of(unit, cleaning.id or 0)
        step = next(state.step for state in states if state.step.name == name)
        cleanings.confirm(unit, actor, step.id or 0, result=EvidenceResult.BAD, method="confirmed", note=note)


def _taken_over(actor: Actor, server: Server) -> None:
    with unit_of_work() as unit:
        stock.take_over(unit, actor, server.id or 0, reason="looked at")


def test_each_failure_has_its_own_reason() -> None:
    actor, server, other = make_actor(role=Role.TECHNICIAN), make_server(), make_server()
    number = server.id or 0
    _goes_bad(actor, server, "burn_in", "Fan 3: stops under load.")
    _taken_over(actor, server)
    begin_cleaning(actor, server)
    with unit_of_work() as unit:  # by a person's word alone, while it is being cleaned
        stock.mark_faulty(unit, actor, number, reason=LOOKS_LIKE_EVIDENCE)
    _taken_over(actor, server)
    _goes_bad(actor, server, "settings", "The board forgets them.")
    with unit_of_work() as unit:
        stock.mark_faulty(unit, actor, other.id or 0, reason="Smells burnt")
    with unit_of_work() as unit:
        steps = changes.list_changes(unit, "stock", [number])
        reasons = reasons_of(unit, steps)
        assert [reasons[step.id or 0] for step in steps[number] if step.to_status == "faulty"] == [
            Reason("burn_in", "", "Fan 3: stops under load."),
            Reason("", "", LOOKS_LIKE_EVIDENCE),
            Reason("settings", "", "The board forgets them."),
        ]
        shown = read_machine(unit, actor, number).changes[0]
        assert (shown.failed_step, shown.reason) == ("settings", "The board forgets them.")
        rows = {row.id: (row.failed_step, row.reason) for row in read_stock(unit, actor, "faulty").rows}
    assert rows == {number: ("settings", "The board forgets them."), other.id: ("", "Smells burnt")}


def test_a_job_has_no_words_but_its_method_and_its_disk() -> None:
    """Also a disk whose serial number looks like something else."""
    actor, server = make_actor(role=Role.TECHNICIAN), make_server()
    number = server.id or 0
    begin_cleaning(actor, server)
    job = make_job(server, status=JobStatus.RUNNING, company_id=None)
    with unit_of_work() as unit:
        assert cleanings.witness(
            unit,
            job.id or 0,
            CleaningStepName.DISK,
            result=EvidenceResult.BAD,
            method="overwrite",
            subject="S: 1",
        )
    with unit_of_work() as unit:
        steps = changes.list_changes(unit, "stock", [number])
        reasons = reasons_of(unit, steps)
    assert reasons[steps[number][-1].id or 0] == Reason("disk", "S: 1", "overwrite")
