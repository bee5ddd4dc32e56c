"""Gathering the evidence of a cleaning that a program can gather. What it cannot do, it leaves to a person."""

from __future__ import annotations

import time
from collections.abc import Callable

import bmc
from bmc.ipmi.suite_zero import lets_anybody_in
from bmc.texts import clean_text
from opsportal.db import unit_of_work
from opsportal.domain.inventory import cleanings, erasures, firmware, inspections, releases, rotation
from opsportal.domain.inventory.comparison import SeenPart
from opsportal.domain.network import reverse
from opsportal.models import Bmc, CleaningStepName, EvidenceResult, ReverseStatus, Server
from workers.hardware import factory_settings
from workers.hardware.bmcs import BmcMisconfigured, endpoint
from workers.hardware.inspections import read_parts
from workers.hardware.running import Running

LEFT: dict[str, tuple[CleaningStepName, ...]] = {
    "remove_bmc_users": (CleaningStepName.BMC_USERS,),
    "note_firmware": (CleaningStepName.FIRMWARE, CleaningStepName.INVENTORY),
}
"""What a person confirms where the BMC cannot carry out a step of the job."""
Work = Callable[[Running, bmc.PowerControl], None]
ASK_S = 20.0
NAMES_S = 45.0
"""For how long a name server may take to remove names; each is read back after it was removed."""
pause = time.sleep
MAX_NAMED = 5


def clean(running: Running) -> None:
    """Each step is done for real or says why not; nothing is written down as good that was not seen."""
    if _is_over(running):
        return
    with running.step("check_addresses"), unit_of_work() as unit:
        releases.release_addresses(unit, running.job_id, running.server_id)
    with running.step("check_disks"), running.writing() as unit:
        is_erased = erasures.take_in(unit, running.server_id)
    if not is_erased:
        running.log(
            "a disk is not proved to be erased, or is not as on record: a person takes the machine over"
        )
        return
    with running.step("check_reverse"):
        _await_names_gone(running)
    with running.step("check_bmc_access"):
        is_over = _check_access(running)
    if is_over:
        return
    with running.connect() as control:
        _or_left_to_a_person(running, control, "remove_bmc_users", _remove_users)
        _or_left_to_a_person(running, control, "note_firmware", _compare)
    if not _is_over(running):
        factory_settings.reset(running)


def _is_over(running: Running) -> bool:
    """Whether the cleaning has ended: by evidence of ours, a worker's before us that was lost, or a person's.

    Then nothing more is done to the machine: it is a person's, or may be anybody's soon.
    """
    with unit_of_work() as unit:
        cleaning = cleanings.find_cleaning(unit, running.server_id)
    if cleaning is not None and cleaning.finished_at is None:
        return False
    running.log("the cleaning has ended: nothing more is done to the machine")
    return True


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
    """A BMC that has no such command fails nothing: the step is a person's, and says so."""
    if _is_over(running):
        return
    with running.step(step):
        try:
            work(running, control)
        except bmc.BmcUnsupported:
            running.log(f"{step}: the BMC cannot do it; a person confirms this step")
            for name in LEFT[step]:
                _leave(running, name, method="not_by_bmc")


def _witness(
    running: Running, name: CleaningStepName, *, good: bool, method: str, **facts: str | int
) -> None:
    result = EvidenceResult.GOOD if good else EvidenceResult.BAD
    with running.writing() as unit:
        cleanings.witness(unit, running.job_id, name, result=result, method=method, facts=facts)


def _leave(running: Running, name: CleaningStepName, *, method: str, **facts: str | int) -> None:
    """A program has looked and cannot tell: a person decides, and finds here what was found."""
    with running.writing() as unit:
        cleanings.witness(unit, running.job_id, name, result=EvidenceResult.OPEN, method=method, facts=facts)


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
        _leave(running, CleaningStepName.BMC_USERS, method="not_by_bmc", left=len(left))


def _list_users(running: Running, users: bmc.Users) -> tuple[bmc.BmcUser, ...]:
    with running.kept():
        return users.list_users(timeout_s=ASK_S)


def _compare(running: Running, control: bmc.PowerControl) -> None:
    """Compare firmware and parts. What the BMC does not tell proves nothing and is left to a person."""
    seen, answer = read_parts(running, control)
    _compare_firmware(running, seen, answer)
    with running.step("compare_parts"), running.writing() as unit:
        verdict = inspections.keep(
            unit, running.job_id, running.server_id, seen, why_partial=answer.partial or ""
        )
    if verdict.differences:
        names = ", ".join(f"{d['what']} {d['kind']}" for d in verdict.differences[:MAX_NAMED])
        if verdict.is_intake:  # what came is not what was ordered: a person accepts it, or sends it back
            _leave(running, CleaningStepName.INVENTORY, method="read_by_bmc", differences=names)
            return
        _witness(running, CleaningStepName.INVENTORY, good=False, method="read_by_bmc", differences=names)
    elif verdict.is_whole:
        _witness(running, CleaningStepName.INVENTORY, good=True, method="read_by_bmc", parts=len(seen))
    else:
        running.log("the BMC does not know all kinds of parts; a person counts them")


def _compare_firmware(running: Running, seen: list[SeenPart], answer: bmc.BmcInventory) -> None:
    """Against what was approved for the model: equal is good, anything else a person's to decide."""
    told = {part.slot: part.firmware for part in seen if part.firmware}
    told[firmware.BMC] = _short(answer.firmware)
    with running.writing() as unit:
        model = unit.get_one(Server, running.server_id).model
        if unit.get_one(Bmc, running.server_id).driver == "redfish" and answer.parts:
            # Where Redfish says what the machine is, the version is that of its BIOS (DSP0268, BiosVersion).
            told[firmware.BIOS] = _short(answer.parts[0].version)
        verdict = firmware.compare(model, told, firmware.approved_for(unit, model))
        cleanings.witness(
            unit, running.job_id, CleaningStepName.FIRMWARE, result=verdict.result, method="compared",
            facts=verdict.facts,
        )  # fmt: skip
    if verdict.result is EvidenceResult.OPEN:
        running.log(f"firmware: {verdict.facts['reason']}; a person decides")


def _short(text: str) -> str:
    return clean_text(text, limit=firmware.LONGEST)
