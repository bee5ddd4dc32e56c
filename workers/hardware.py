"""Hardware jobs: claim, act, read back, report. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import ipaddress
import os
import socket
from contextlib import AbstractContextManager

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, reconciliation
from opsportal.domain.hardware.claims import Claim, LeaseLost
from opsportal.domain.vault import VaultError, unseal
from opsportal.models import Bmc, HardwareJob, JobKind, JobStatus, Power
from opsportal.settings import settings

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
    advice = "The address is outside the networks that workers may dial. Correct it, or BMC_NETWORKS."


class BmcMisconfigured(bmc.BmcError):
    """What is on record about a BMC can never work: no numeric address, an over-long name, a lost key."""

    code = "bmc_misconfigured"
    advice = "What is on record about this BMC cannot be used. Enter its address and credentials anew."


def endpoint(row: Bmc) -> bmc.Endpoint:
    """A BMC as the library wants it, if workers may dial it at all. Raises BmcError."""
    try:
        host = ipaddress.ip_address(row.host)
        if not any(host in network for network in settings().bmc_networks):
            raise OutsideBmcNetworks
        return bmc.Endpoint(
            host=row.host,
            port=row.port,
            username=row.username,
            password=unseal(row.password),
            cipher_suite=row.cipher_suite,
            driver=row.driver,
        )
    except (ValueError, VaultError) as unusable:
        raise BmcMisconfigured from unusable


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _connect(claim: Claim) -> AbstractContextManager[bmc.PowerControl]:
    with unit_of_work() as unit:
        row = unit.get(Bmc, claim.server_id)
    if row is None:
        raise BmcMisconfigured
    return bmc.connect(endpoint(row))


class _Job:
    """One claimed job while it is being carried out; turns the library's progress into steps."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.goal = bmc.PowerGoal.ON
        self.seen: Power | None = None
        self.in_doubt = False
        self.is_half_done = False

    def before_command(self) -> None:
        """Prove the right to act and write the command down, committed, before it is sent."""
        with unit_of_work() as unit:
            claims.begin_step(unit, self.claim, f"switch_{self.goal}")
            claims.announce_command(unit, self.claim, command=f"chassis power {self.goal}")
        self.in_doubt = True

    def on_progress(self, step: str, /, **facts: object) -> None:
        """Renew the lease at every exchange, and show where the job is."""
        if "state" in facts:
            self.seen = Power(str(facts["state"]))
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
            deadline_s=settings().power_deadline_s,
            before_command=self.before_command,
            on_progress=self.on_progress,
        )
        with unit_of_work() as unit:
            if outcome.was_already:
                claims.skip_step(unit, self.claim, f"switch_{goal}", note_code=f"was_{goal}")
                claims.begin_step(unit, self.claim, f"verify_{goal}")
            claims.phase_done(unit, self.claim, Power(outcome.state.value))
        self.in_doubt = False
        self.is_half_done = True


def run_job(job_id: int) -> None:
    """Carry out one hardware job, once, whatever the queue does."""
    with unit_of_work() as unit:
        claim = claims.claim(unit, job_id, worker=worker_name())
    if claim is None:
        log.info("nothing_to_do", job=job_id)
        return
    job = _Job(claim)
    try:
        try:
            with _connect(claim) as control:
                for goal in GOALS[claim.kind]:
                    job.reach(control, goal)
            with unit_of_work() as unit:
                claims.finish(unit, claim, JobStatus.SUCCEEDED, outcome_code="verified")
        except bmc.BmcError as error:
            _end_badly(job, error)
        except LeaseLost:
            raise
        except Exception:
            log.exception("job_broke", job=job_id)
            _end_broken(job)
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)


def _is_known(error: bmc.BmcError) -> bool:
    """Whether the machine was read after the last command: it has not followed, and that is certain."""
    return isinstance(error, bmc.BmcIgnoredCommand | bmc.BmcRefusedCommand) and not error.is_outcome_unknown


def _end_badly(job: _Job, error: bmc.BmcError) -> None:
    """A command that was sent and not read back leaves the outcome unknown; so does half a reboot.

    Anything else has failed, with nothing or nothing more done to the machine.
    """
    log.warning("bmc_error", job=job.claim.job_id, code=error.code)
    with unit_of_work() as unit:
        if (job.in_doubt or job.is_half_done) and not _is_known(error):
            claims.leave_unknown(unit, job.claim, line=f"no read-back: {error.code}")
            return
        if job.seen is not None and _is_known(error):
            claims.keep_power(unit, job.claim, job.seen)
        claims.finish(
            unit,
            job.claim,
            JobStatus.FAILED,
            outcome_code=error.code,
            line=f"{error.code}: {error.advice}",
        )


def _end_broken(job: _Job) -> None:
    """A bug or a lost database: honest about the machine, without a guess."""
    with unit_of_work() as unit:
        if job.in_doubt or job.is_half_done:
            claims.leave_unknown(unit, job.claim, line="the worker broke; see its log")
        else:
            claims.finish(unit, job.claim, JobStatus.FAILED, outcome_code="internal")


def reconcile_job(job_id: int) -> None:
    """Ask the BMC what became of a job whose worker was lost, and end the job by its answer."""
    with unit_of_work() as unit:
        claim = claims.claim_unknown(unit, job_id, worker=worker_name())
        row = unit.get(HardwareJob, job_id)
        attempts = row.reconcile_attempts if row else 0
    if claim is None:
        return
    try:
        try:
            with _connect(claim) as control:
                _resolve(claim, control)
        except bmc.BmcError as error:
            _postpone(claim, error, attempts)
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)


def _resolve(claim: Claim, control: bmc.PowerControl) -> None:
    # The lease must outlast the question.
    timeout_s = min(ASK_TIMEOUT_S, settings().lease_s / 2)
    power = Power(control.power_state(timeout_s=timeout_s).value)
    with unit_of_work() as unit:
        resolution = reconciliation.resolve(
            claim.kind,
            power,
            was_verified_off=reconciliation.was_verified_off(unit, claim.job_id),
            may_resume=reconciliation.may_resume(unit.get_one(HardwareJob, claim.job_id)),
        )
        claims.keep_power(unit, claim, power)
    if resolution.resumes:
        _switch_on(claim, control)
    with unit_of_work() as unit:
        claims.finish(
            unit,
            claim,
            resolution.status,
            outcome_code=resolution.outcome_code,
            line=f"the BMC said: {power}",
        )


def _switch_on(claim: Claim, control: bmc.PowerControl) -> None:
    """Finish a reboot whose server was just read as off: it must not stay so."""
    with unit_of_work() as unit:
        claims.begin_step(unit, claim, "verify_off")
        claims.phase_done(unit, claim, Power.OFF)
    _Job(claim).reach(control, bmc.PowerGoal.ON)


def _postpone(claim: Claim, error: bmc.BmcError, attempts: int) -> None:
    """Ask again later; unless it is known that the server does not come on, or all attempts are used up."""
    with unit_of_work() as unit:
        if _is_known(error):
            claims.keep_power(unit, claim, Power.OFF)
            claims.finish(unit, claim, JobStatus.FAILED, outcome_code="reboot_left_off", line=error.code)
        elif attempts >= reconciliation.MAX_ATTEMPTS:
            claims.finish(unit, claim, JobStatus.FAILED, outcome_code="never_answered", line=error.code)
        else:
            claims.postpone(
                unit, claim, line=f"no answer: {error.code}", delay=reconciliation.retry_delay(attempts - 1)
            )
