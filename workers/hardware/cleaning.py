"""Gathering the evidence of a cleaning that a program can gather. What it cannot do, it leaves to a person."""

from __future__ import annotations

import time
from collections.abc import Callable

import bmc
from bmc.ipmi.suite_zero import lets_anybody_in
from opsportal.db import unit_of_work
from opsportal.domain.inventory import cleanings, inspections, releases, rotation
from opsportal.domain.network import reverse
from opsportal.models import Bmc, CleaningStepName, EvidenceResult, ReverseStatus
from workers.hardware.bmcs import BmcMisconfigured, endpoint
from workers.hardware.inspections import read_parts
from workers.hardware.running import Running

Work = Callable[[Running, bmc.PowerControl], None]
ASK_S = 20.0
NAMES_S = 45.0
"""For how long a name server may take to remove names; each is read back after it was removed."""
pause = time.sleep
MAX_NAMED = 5


def clean(running: Running) -> None:
    """Each step is done for real or says why not; nothing is written down as good that was not seen."""
    with running.step("check_addresses"), unit_of_work() as unit:
        releases.release_addresses(unit, running.job_id, running.server_id)
        releases.take_in_wipes(unit, running.job_id, running.server_id)
    with running.step("check_reverse"):
        _await_names_gone(running)
    with running.step("check_bmc_access"):
        is_over = _check_access(running)
    if is_over:
        return
    with running.connect() as control:
        _or_left_to_a_person(running, control, "remove_bmc_users", _remove_users)
        _or_left_to_a_person(running, control, "note_firmware", _compare)


def _await_names_gone(running: Running) -> None:
    """Wait until the name server has no name of the released addresses. One that it keeps is left to a person."""
    end = time.monotonic() + NAMES_S
    while True:
        with unit_of_work() as unit:
            left = reverse.left_of_server(unit, running.server_id)
        if not left:
            _witness(
                running,
                CleaningStepName.REVERSE_DNS,
                good=True,
                method="asked_name_server",
                **{"names left": 0},
            )
            return
        has_failed = any(record.status == ReverseStatus.FAILED for record in left)
        if has_failed or time.monotonic() > end:
            running.log(
                f"{len(left)} names are still in reverse DNS; see Networks, then gather evidence again, or a "
                "person confirms this step"
            )
            return
        running.renew()
        pause(1.0)


def _or_left_to_a_person(running: Running, control: bmc.PowerControl, step: str, work: Work) -> None:
    """A BMC that has no such command fails nothing: the step stays without evidence."""
    with running.step(step):
        try:
            work(running, control)
        except bmc.BmcUnsupported:
            running.log(f"{step}: the BMC cannot do it; a person confirms this step")


def _witness(
    running: Running, name: CleaningStepName, *, good: bool, method: str, **facts: str | int
) -> None:
    result = EvidenceResult.GOOD if good else EvidenceResult.BAD
    with running.writing() as unit:
        cleanings.witness(unit, running.job_id, name, result=result, method=method, facts=facts)


def _check_access(running: Running) -> bool:
    """Try the BMC as a stranger would. True when it let us in: then the machine is faulty and this is over."""
    with unit_of_work() as unit:
        row = unit.get(Bmc, running.server_id)
    if row is None:
        raise BmcMisconfigured
    if row.driver != "ipmi":
        running.log("no IPMI here: whether IPMI over LAN is off, a person confirms")
        return False
    with running.kept():
        is_open = lets_anybody_in(endpoint(row), timeout_s=ASK_S)
    _witness(
        running, CleaningStepName.BMC_ACCESS, good=not is_open, method="tried",
        **({"reason": "cipher suite 0 lets anybody in without a password"} if is_open else {}),
    )  # fmt: skip
    return is_open


def _remove_users(running: Running, control: bmc.PowerControl) -> None:
    """Delete every user but ours. One that cannot be deleted is named; a factory user of ours proves nothing."""
    users = bmc.capability(control, bmc.Users)
    with unit_of_work() as unit:
        ours = unit.get_one(Bmc, running.server_id).username
    for user in _list_users(running, users):
        if user.name != ours and user.name and not user.is_fixed:
            running.before_command("delete user")
            with running.kept():
                users.delete_user(user.name, timeout_s=ASK_S)
            running.command_done("user deleted")
    now = _list_users(running, users)
    # Some BMCs let two users have one name: the second is not ours.
    left = [u for u in now if u.name != ours and u.is_enabled] + [u for u in now if u.name == ours][1:]
    if rotation.is_factory_user(ours):
        running.log(
            "we still sign in by a factory user: ask for a new BMC password first, which makes our own"
        )
    elif not left:
        _witness(running, CleaningStepName.BMC_USERS, good=True, method="removed_by_bmc", ours=ours)
    else:
        running.log(f"{len(left)} users cannot be removed; a person looks at them")


def _list_users(running: Running, users: bmc.Users) -> tuple[bmc.BmcUser, ...]:
    with running.kept():
        return users.list_users(timeout_s=ASK_S)


def _compare(running: Running, control: bmc.PowerControl) -> None:
    """Note the firmware; compare the parts. What the BMC does not tell proves nothing and is left to a person."""
    seen, answer = read_parts(running, control)
    if answer.firmware:
        versions = {part.slot[:40]: part.firmware for part in seen if part.firmware}
        _witness(
            running, CleaningStepName.FIRMWARE, good=True, method="read_by_bmc",
            **{"BMC": answer.firmware[:40]} | dict(list(versions.items())[:20]),
        )  # fmt: skip
    with running.step("compare_parts"), running.writing() as unit:
        verdict = inspections.keep(
            unit, running.job_id, running.server_id, seen, why_partial=answer.partial or ""
        )
    if verdict.differences:
        names = ", ".join(f"{d['what']} {d['kind']}" for d in verdict.differences[:MAX_NAMED])
        _witness(running, CleaningStepName.INVENTORY, good=False, method="read_by_bmc", differences=names)
    elif verdict.is_whole:
        _witness(running, CleaningStepName.INVENTORY, good=True, method="read_by_bmc", parts=len(seen))
    else:
        running.log("the BMC does not know all kinds of parts; a person counts them")
