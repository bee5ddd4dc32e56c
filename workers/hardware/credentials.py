"""A new password for a BMC, so that no death loses it: kept, sent, proved, and only then the old one forgotten."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractContextManager

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware.resolutions import Resolution
from opsportal.domain.inventory import cleanings, rotation
from opsportal.domain.inventory.rotation import SignIn
from opsportal.models import Bmc, CleaningStepName, EvidenceResult, JobStatus
from workers.hardware.bmcs import BmcMisconfigured, endpoint
from workers.hardware.running import Running

ASK_S = 20.0


def rotate(running: Running) -> None:
    """Give the BMC a sign-in that nobody has seen. Where we came in by a factory user, the new one is our own."""
    with running.step("keep_new_password"), running.writing() as unit:
        new = rotation.begin(unit, running.job_id, running.server_id)
        old = unit.get_one(Bmc, running.server_id).username
    proved = _find_working(running, new)
    if proved is not None:
        running.log(
            "the BMC has the new password already: a worker before this one was lost after sending it"
        )
        running.skip_step("send_new_password", note_code="sent_before")
    else:
        with running.step("send_new_password"), running.connect() as control:
            _send(running, control, new, is_other=new.username != old)
    with running.step("prove_new_password"):
        proved = proved or _find_working(running, new)
        if proved is None:
            raise bmc.BmcCredentialsRefused
        _prove(running, proved)


def _send(running: Running, control: bmc.PowerControl, new: SignIn, *, is_other: bool) -> None:
    users = bmc.capability(control, bmc.Users)
    with running.kept():
        is_there = any(user.name == new.username for user in users.list_users(timeout_s=ASK_S))
    with unit_of_work() as unit:
        if not rotation.sent(unit, running.server_id):
            raise bmc.BmcBusy
    running.before_command("set user password")
    with running.kept():
        if is_other and not is_there:
            users.create_user(
                new.username, new.password, privilege=bmc.Privilege.ADMINISTRATOR, timeout_s=ASK_S
            )
        else:
            users.set_password(new.username, new.password, timeout_s=ASK_S)


def _greet(running: Running, control: bmc.PowerControl) -> None:
    """Ask the least there is. Raises BmcError, also when the BMC does not let us in."""
    with running.kept():
        control.power_state(timeout_s=ASK_S)


def _prove(running: Running, proved: SignIn) -> None:
    if len(proved.password) < rotation.PASSWORD_BYTES:
        running.log(f"the BMC has kept {rotation.CUT_BYTES} of {rotation.PASSWORD_BYTES} bytes")
    with running.writing() as unit:
        rotation.prove(unit, running.server_id, proved)
        cleanings.witness(
            unit,
            running.job_id,
            CleaningStepName.BMC_PASSWORD,
            result=EvidenceResult.GOOD,
            method="signed_in",
        )
    if running.in_doubt:
        running.command_done("signed in with the new password; the old one is forgotten")


def _signed_in(running: Running, new: SignIn) -> AbstractContextManager[bmc.PowerControl]:
    with unit_of_work() as unit:
        row = unit.get(Bmc, running.server_id)
    if row is None:
        raise BmcMisconfigured
    return bmc.connect(dataclasses.replace(endpoint(row), username=new.username, password=new.password))


def _find_working(running: Running, new: SignIn) -> SignIn | None:
    """The new sign-in as the BMC takes it, whole or cut; None: neither. Any other trouble than a refusal is raised."""
    with unit_of_work() as unit:
        may_have_it = rotation.is_sent(unit, running.server_id)
    for tried in (new, new.cut) if may_have_it else ():
        try:
            with _signed_in(running, tried) as control:
                _greet(running, control)
        except (bmc.BmcCredentialsRefused, bmc.BmcUserUnknown):
            continue
        return tried
    return None


def ask(running: Running) -> Resolution:
    """What became of a rotation whose worker was lost: the sign-in that works says it. Raises BmcError."""
    with unit_of_work() as unit:
        new = rotation.find_begun(unit, running.server_id)
    if new is None:
        return Resolution(JobStatus.SUCCEEDED, "reconciled")  # proved, and lost before it could say so
    proved = _find_working(running, new)
    if proved is not None:
        _prove(running, proved)
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    with running.connect() as control:  # the old one works; the new one is kept for the next attempt
        _greet(running, control)
    return Resolution(JobStatus.FAILED, "not_carried_out")
