"""Hardware jobs: claim, act, read back, report. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims, questions, reconciliation
from opsportal.domain.hardware.claims import LeaseLost
from opsportal.domain.hardware.hands import ChangedHands
from opsportal.domain.hardware.resolutions import Resolution
from opsportal.models import HardwareJob, JobKind, JobStatus, Power
from opsportal.settings import settings
from workers.hardware.blocks import SwitchFailed
from workers.hardware.handlers import ASKERS, HANDLERS, RESUMES
from workers.hardware.running import Running

ASK_TIMEOUT_S = 8.0

log = structlog.get_logger("hardware")


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def run_job(job_id: int) -> None:
    """Carry out one hardware job, once, whatever the queue does."""
    with unit_of_work() as unit:
        claim = claims.claim(unit, job_id, worker=worker_name())
    if claim is None:
        log.info("nothing_to_do", job=job_id)
        return
    _carry_out(Running(claim))


def _carry_out(running: Running) -> None:
    try:
        try:
            HANDLERS[running.claim.kind](running)
            if not running.is_waiting:
                with unit_of_work() as unit:
                    claims.finish(unit, running.claim, JobStatus.SUCCEEDED, outcome_code="verified")
        except bmc.BmcError as error:
            _end_badly(running, error)
        except ChangedHands:
            _end_for_others(running)
        except LeaseLost:
            raise
        except Exception:
            log.exception("job_broke", job=running.job_id)
            _end_broken(running)
    except LeaseLost:
        log.warning("lease_lost", job=running.job_id, fence=running.claim.fence)


def _end_for_others(running: Running) -> None:
    """The server has another owner: whatever state it is in, nobody may change it in the old one's name."""
    with unit_of_work() as unit:
        claims.finish(unit, running.claim, JobStatus.FAILED, outcome_code=claims.CHANGED_HANDS)


def _is_known(error: bmc.BmcError) -> bool:
    """Whether the machine was read after the last command: it has not followed, and that is certain."""
    return isinstance(error, bmc.BmcIgnoredCommand | bmc.BmcRefusedCommand) and not error.is_outcome_unknown


def _end_badly(running: Running, error: bmc.BmcError) -> None:
    """A command that was sent and not read back leaves the outcome unknown; so does half a reboot.

    Anything else has failed, with nothing or nothing more done to the machine.
    """
    log.warning("bmc_error", job=running.job_id, code=error.code)
    with unit_of_work() as unit:
        if (running.in_doubt or running.is_half_done) and not _is_known(error):
            claims.leave_unknown(unit, running.claim, line=f"no read-back: {error.code}")
            return
        if running.seen is not None and _is_known(error):
            claims.keep_power(unit, running.claim, running.seen)
        claims.finish(
            unit,
            running.claim,
            JobStatus.FAILED,
            outcome_code=error.code,
            line=f"{error.code}: {error.advice}",
        )


def _end_broken(running: Running) -> None:
    """A bug or a lost database: honest about the machine, without a guess."""
    with unit_of_work() as unit:
        if running.in_doubt or running.is_half_done:
            claims.leave_unknown(unit, running.claim, line="the worker broke; see its log")
        else:
            claims.finish(unit, running.claim, JobStatus.FAILED, outcome_code="internal")


def reconcile_job(job_id: int) -> None:
    """Ask what became of a job whose worker was lost, and end the job by the answer, or carry it on."""
    with unit_of_work() as unit:
        claim = claims.claim_unknown(unit, job_id, worker=worker_name())
        row = unit.get(HardwareJob, job_id)
        attempts = row.reconcile_attempts if row else 0
    if claim is None:
        return
    running = Running(claim)
    ask: Callable[[Running], Resolution] | None = ASKERS.get(claim.kind)
    try:
        try:
            if ask is not None:
                _end_resolved(running, ask(running), "asked")
            else:
                _ask_bmc(running)
        except bmc.BmcError as error:
            _postpone(running, error, attempts)
        except ChangedHands:
            _end_for_others(running)
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)


def _ask_bmc(running: Running) -> None:
    with running.connect() as control:
        power = Power(control.power_state(timeout_s=_question_s()).value)
        with unit_of_work() as unit:
            resolution = reconciliation.judge(unit, running.job_id, power)
            claims.keep_power(unit, running.claim, power)
        if resolution.resumes:
            RESUMES[running.claim.kind](running, control)
    _end_resolved(running, resolution, f"the BMC said: {power}")


def ask_job(job_id: int) -> None:
    """Ask for a person who has taken the job over, and write down what was told. Ends nothing, resumes nothing."""
    with unit_of_work() as unit:
        claimed = questions.claim_question(unit, job_id, worker=worker_name())
    if claimed is None:
        return
    claim, status = claimed
    running = Running(claim)
    try:
        try:
            told, verdict = _ask_only(running, is_open=status is JobStatus.UNKNOWN)
        except bmc.BmcError as error:
            told, verdict = error.code, ""
        with unit_of_work() as unit:
            questions.answer(unit, claim, told, verdict=verdict, line=f"was told: {told}")
    except LeaseLost:
        log.warning("lease_lost", job=job_id, fence=claim.fence)


def _ask_only(running: Running, *, is_open: bool) -> tuple[str, str]:
    """What is told, and the outcome that would follow from it for a job that nobody knows the end of."""
    ask = ASKERS.get(running.claim.kind)
    if ask is not None and is_open:
        return questions.ANSWERED, questions.verdict_of(ask(running))
    with running.connect() as control:
        power = Power(control.power_state(timeout_s=_question_s()).value)
    with unit_of_work() as unit:
        resolution = reconciliation.judge(unit, running.job_id, power) if is_open else None
        claims.keep_power(unit, running.claim, power)
    return power, questions.verdict_of(resolution) if resolution else ""


def _question_s() -> float:
    """The lease must outlast the question."""
    return min(ASK_TIMEOUT_S, settings().lease_s / 2)


def _end_resolved(running: Running, resolution: Resolution, line: str) -> None:
    if running.is_waiting:
        return  # carried on: the machine is at work again
    with unit_of_work() as unit:
        if resolution.status is JobStatus.WAITING:
            assert resolution.until is not None
            claims.wait_for_machine(unit, running.claim, resolution.until)
            return
        claims.finish(unit, running.claim, resolution.status, outcome_code=resolution.outcome_code, line=line)


def _postpone(running: Running, error: bmc.BmcError, attempts: int) -> None:
    """Ask again later; unless it is known that the server does not follow, or all attempts are used up."""
    with unit_of_work() as unit:
        if _is_known(error):
            claims.keep_power(unit, running.claim, running.seen or Power.OFF)
            is_reboot = running.claim.kind is JobKind.REBOOT
            code = "reboot_left_off" if is_reboot else error.code
            claims.finish(unit, running.claim, JobStatus.FAILED, outcome_code=code, line=error.code)
        elif attempts >= reconciliation.MAX_ATTEMPTS:
            code = "switch_never_answered" if isinstance(error, SwitchFailed) else "never_answered"
            claims.finish(unit, running.claim, JobStatus.FAILED, outcome_code=code, line=error.code)
        else:
            delay = reconciliation.retry_delay(attempts - 1)
            claims.postpone(unit, running.claim, line=f"no answer: {error.code}", delay=delay)
