"""A job to take over: its server, what is asked of it, and two people of the data centre."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bmc import PowerGoal
from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import claims, owners, power, standing, takeover
from opsportal.domain.hardware.claims import Claim
from opsportal.domain.refusals import Refusal
from opsportal.models import AuditEvent, HardwareJob, JobKind, JobOwner, JobStatus, Server
from tests.doors import world
from tests.workers.site import click, job_of
from workers import hardware

OFF = PowerGoal.OFF


@dataclass
class Case:
    """A server, what is asked of it, and two people of the data centre."""

    machine: MemoryBmc
    server: Server
    tess: Actor
    ivo: Actor
    job_id: int = 0

    def click(self, kind: JobKind = JobKind.POWER_OFF) -> int:
        self.job_id = click(self.server, kind)
        return self.job_id

    def claim(self) -> Claim:
        with unit_of_work() as unit:
            claimed = claims.claim(unit, self.job_id, worker="a worker")
        assert claimed is not None
        return claimed

    def make_late(self) -> None:
        """As if the job had been clicked and begun long ago."""
        with unit_of_work() as unit:
            unit.execute(
                text(
                    "UPDATE hardware_job SET created_at = created_at - interval '1 hour', deadline_at = now()"
                )
            )

    def make_unknown(self) -> None:
        """A command was sent, and its worker could not read back what it did."""
        claim = self.claim()
        with unit_of_work() as unit:
            claims.announce_command(unit, claim, command="chassis power off")
        with unit_of_work() as unit:
            claims.leave_unknown(unit, claim, line="no read-back")

    def make_failed(self) -> None:
        claim = self.claim()
        with unit_of_work() as unit:
            claims.finish(unit, claim, JobStatus.FAILED, outcome_code="bmc_unreachable")

    def take(self, actor: Actor | None = None, from_id: int | None = None) -> JobOwner:
        with unit_of_work() as unit:
            return takeover.take_over(unit, actor or self.tess, self.job_id, from_id=from_id)

    def end(
        self, actor: Actor | None = None, *, is_done: bool = True, seen: str = "It is dark."
    ) -> HardwareJob:
        with unit_of_work() as unit:
            return takeover.end_by_hand(unit, actor or self.tess, self.job_id, is_done=is_done, seen=seen)

    def ask(self) -> None:
        """What a worker does with the question, once no command can be on its way any more."""
        with unit_of_work() as unit:
            unit.execute(text("UPDATE job_owner SET quiet_at = now(), question_due_at = now()"))
        hardware.ask_job(self.job_id)

    @property
    def owner(self) -> JobOwner | None:
        with unit_of_work() as unit:
            return owners.owner_of(unit, self.server.id or 0)

    @property
    def stands(self) -> str:
        with unit_of_work() as unit:
            return unit.exec(select(standing.standing()).where(col(HardwareJob.id) == self.job_id)).one()

    @property
    def end_of_job(self) -> tuple[str, str | None]:
        job = job_of(self.job_id)
        return job.status, job.outcome_code

    def tags(self) -> list[str]:
        with unit_of_work() as unit:
            return list(
                unit.exec(
                    select(AuditEvent.tag)
                    .where(col(AuditEvent.tag).startswith("job:"))
                    .order_by(col(AuditEvent.id))
                )
            )


def must_refuse(refusal: type[Refusal], work: object, *arguments: object, **named: object) -> None:
    """It is refused, and nothing whatever has changed."""
    before = world.everything()
    with pytest.raises(refusal):
        work(*arguments, **named)  # type: ignore[operator]
    assert world.everything() == before


def power_off(actor: Actor, server_id: int) -> HardwareJob:
    with unit_of_work() as unit:
        return power.request_power(unit, actor, server_id, kind=JobKind.POWER_OFF)
