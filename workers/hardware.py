"""Hardware jobs: claim, act, read back, report. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import ipaddress
import os
import socket

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, reconciliation
from opsportal.domain.hardware.claims import BmcAddress, Claim, LeaseLost
from opsportal.models import HardwareJob, JobKind, JobStatus, Power
from opsportal.settings import settings

GOAL_DEADLINE_S = 45.0
ASK_TIMEOUT_S = 8.0
GOALS: dict[JobKind, tuple[bmc.PowerGoal, ...]] = {
    JobKind.POWER_ON: (bmc.PowerGoal.ON,),
    JobKind.POWER_OFF: (bmc.PowerGoal.OFF,),
    JobKind.REBOOT: (bmc.PowerGoal.OFF, bmc.PowerGoal.ON),
}

log = structlog.get_logger("hardware")


class OutsideBmcNetworks(bmc.BmcError):
    """The address is not in BMC_NETWORKS: credentials are never sent there."""

    code = "bmc_outside_networks"


def endpoint(address: BmcAddress) -> bmc.Endpoint:
    """The address as the library wants it, if workers may dial it at all."""
    host = ipaddress.ip_address(address.host)
    if not any(host in network for network in settings().bmc_networks):
        raise OutsideBmcNetworks
    return bmc.Endpoint(
        host=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        cipher_suite=address.cipher_suite,
        driver=address.driver,
    )


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


class _Job:
    """One claimed job while it is being carried out; turns the library's progress into steps."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.goal = bmc.PowerGoal.ON
        self.in_doubt = False

    def before_command(self) -> None:
        """Prove the right to act and write the command down, committed, before it is sent."""
        with unit_of_work() as unit:
            claims.begin_step(unit, self.claim, f"switch_{self.goal}")
            claims.announce_command(unit, self.claim, command=f"chassis power {self.goal}")
        self.in_doubt = True

    def on_progress(self, step: str, /, **facts: object) -> None:
        """Renew the lease at every exchange, and show where the job is."""
        with unit_of_work() as unit:
            if step == "reading":
                claims.begin_step(unit, self.claim, "read")
            elif step == "verifying":
                claims.begin_step(unit, self.claim, f"verify_{self.goal}")
            else:
                claims.renew(unit, self.claim)

    def reach(self, control: bmc.PowerControl, goal: bmc.PowerGoal) -> None:
        """Bring the server to one goal and keep what was read back."""
        self.goal = goal
        outcome = bmc.ensure_power(
            control,
            goal,
            deadline_s=GOAL_DEADLINE_S,
            before_command=self.before_command,
            on_progress=self.on_progress,
        )
        self.in_doubt = False
        with unit_of_work() as unit:
            if outcome.was_already:
                claims.skip_step(unit, self.claim, f"switch_{goal}", note_code=f"was_{goal}")
                claims.begin_step(unit, self.claim, f"verify_{goal}")
            claims.phase_done(unit, self.claim, Power(outcome.state.value))


def run_job(job_id: int) -> None:
    """Carry out one hardware job, once, whatever the queue does."""
    with unit_of_work() as unit:
        claim = claims.claim(unit, job_id, worker=worker_name())
    if claim is None:
        log.info("nothing_to_do", job=job_id)
        return
    job = _Job(claim)
    try:
        with bmc.connect(endpoint(claim.address)) as control:
            for goal in GOALS[claim.kind]:
                job.reach(control, goal)
        with unit_of_work() as unit:
            claims.finish(unit, claim, JobStatus.SUCCEEDED, outcome_code="verified")
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)
    except bmc.BmcError as error:
        _fail(job, error)


def _fail(job: _Job, error: bmc.BmcError) -> None:
    """A command that was sent and not read back leaves the outcome unknown; anything else has failed."""
    log.warning("bmc_error", job=job.claim.job_id, code=error.code)
    try:
        with unit_of_work() as unit:
            # A BMC that goes on answering and stays where it was has ignored the command: that is known.
            if job.in_doubt and not isinstance(error, bmc.BmcIgnoredCommand | bmc.BmcRefusedCommand):
                claims.leave_unknown(unit, job.claim, line=f"no read-back: {error.code}")
            else:
                claims.finish(
                    unit,
                    job.claim,
                    JobStatus.FAILED,
                    outcome_code=error.code,
                    line=f"{error.code}: {error.advice}",
                )
    except LeaseLost:
        log.warning("lease_lost", job=job.claim.job_id, fence=job.claim.fence)


def reconcile_job(job_id: int) -> None:
    """Ask the BMC what became of a job whose worker was lost, and end the job by its answer."""
    with unit_of_work() as unit:
        claim = claims.claim_unknown(unit, job_id, worker=worker_name())
        row = unit.get(HardwareJob, job_id)
        attempts = row.reconcile_attempts if row else 0
    if claim is None:
        return
    try:
        with bmc.connect(endpoint(claim.address)) as control:
            _resolve(claim, control)
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)
    except bmc.BmcError as error:
        _postpone(claim, error, attempts)


def _resolve(claim: Claim, control: bmc.PowerControl) -> None:
    power = Power(control.power_state(timeout_s=ASK_TIMEOUT_S).value)
    with unit_of_work() as unit:
        resolution = reconciliation.resolve(
            claim.kind,
            power,
            was_verified_off=reconciliation.was_verified_off(unit, claim.job_id),
            may_resume=reconciliation.may_resume(unit.get_one(HardwareJob, claim.job_id)),
        )
    if resolution.resumes:
        power = _switch_on(claim, control)
    with unit_of_work() as unit:
        claims.keep_power(unit, claim, power)
        claims.finish(
            unit,
            claim,
            resolution.status,
            outcome_code=resolution.outcome_code,
            line=f"the BMC says: {power}",
        )


def _switch_on(claim: Claim, control: bmc.PowerControl) -> Power:
    """Finish a reboot whose first half was verified: the server must not stay off."""

    def before_command() -> None:
        with unit_of_work() as unit:
            claims.announce_command(unit, claim, command="chassis power on (resumed)")

    def on_progress(step: str, /, **facts: object) -> None:
        with unit_of_work() as unit:
            claims.renew(unit, claim)

    outcome = bmc.ensure_power(
        control,
        bmc.PowerGoal.ON,
        deadline_s=GOAL_DEADLINE_S,
        before_command=before_command,
        on_progress=on_progress,
    )
    return Power(outcome.state.value)


def _postpone(claim: Claim, error: bmc.BmcError, attempts: int) -> None:
    try:
        with unit_of_work() as unit:
            if attempts + 1 >= reconciliation.MAX_ATTEMPTS:
                claims.finish(unit, claim, JobStatus.FAILED, outcome_code="never_answered", line=error.code)
            else:
                claims.postpone(
                    unit, claim, line=f"no answer: {error.code}", delay=reconciliation.retry_delay(attempts)
                )
    except LeaseLost:
        log.warning("lease_lost", job=claim.job_id, fence=claim.fence)
