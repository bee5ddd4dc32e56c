"""Back to the settings of the factory: asked for, carried out by the firmware at a start, and seen as far as it shows.

The start belongs to it. IPMI's wish is a boot flag: it holds for the next start only, and the next boot device that
is set, for a wipe or a run under load, would take it back.
"""

from __future__ import annotations

import time

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.inventory import cleanings
from opsportal.models import CleaningStepName, EvidenceResult, HardwareJob
from opsportal.models.base import utcnow
from workers.hardware.running import Running

ASK_S = 20.0
RESET_S = 60.0
"""Resetting asks a Redfish BMC for a dozen resources."""
LEFT_S = 15.0
"""What is kept of the job's time for writing down what was seen."""
DONE = "the machine was started, and the firmware has carried it out"
NOT_DONE = (
    "the machine was started, and the firmware has not carried it out yet: look at its screen before it is started "
    "otherwise, which would take the wish back"
)
NOT_SHOWN = (
    "the machine was started for it; this BMC does not show whether the firmware did it: look at its screen before "
    "it is started otherwise, which could take the wish back"
)
NOT_STARTED = "the machine was not started for it"
pause = time.sleep


def reset(running: Running) -> None:
    """Set back what the BMC can set back, start the machine for it, and say what was seen; the rest is a person's."""
    with running.step("reset_settings"), running.connect() as control:
        done = _ask_for_reset(running, control)
    if done is None:
        return
    is_back = done.bmc is None or _is_back(running)
    told = _start(running) if done.bios and is_back else NOT_STARTED
    facts = {
        "BIOS": f"{done.bios}; {told}" if done.bios else "not by this BMC",
        "BMC": done.bmc or "not by this BMC without losing its network and our user",
        "virtual media": "not told" if done.ejected is None else f"{done.ejected} ejected",
    }
    if not is_back:
        facts["reason"] = "the BMC has not let us in again since"
    is_good = done.bios and done.bmc and done.ejected is not None and told == DONE
    _say(running, EvidenceResult.GOOD if is_good else EvidenceResult.OPEN, "reset_by_bmc", facts)
    if not is_good:
        running.log("settings: what the BMC cannot set back, a person confirms")


def _ask_for_reset(running: Running, control: bmc.PowerControl) -> bmc.SettingsReset | None:
    """What the BMC has taken. None: nothing, and a person does it."""
    try:
        settings = bmc.capability(control, bmc.FactorySettings)
        running.before_command("reset settings to those of the factory")
        with running.kept():
            done = settings.reset_settings(timeout_s=RESET_S)
    except (bmc.BmcUnsupported, bmc.BmcRefusedCommand, bmc.BmcIgnoredCommand) as error:
        running.command_done("the BMC has not set anything back; a person does it")
        _say(running, EvidenceResult.OPEN, "not_by_bmc", {"reason": error.code})
        return None
    running.command_done(f"settings reset: BIOS by {done.bios}, BMC by {done.bmc}")
    return done


def _start(running: Running) -> str:
    """Switch the machine off and on, and see the firmware do it. It stays on."""
    with running.connect() as control:
        is_shown = _is_pending(running, control)
        running.reach(control, bmc.PowerGoal.OFF, goes_on=True)
        running.reach(control, bmc.PowerGoal.ON, goes_on=True)
        with running.step("see_firmware"):
            if not is_shown:
                return NOT_SHOWN
            end = time.monotonic() + _time_left(running)
            while _is_pending(running, control):
                if time.monotonic() > end:
                    return NOT_DONE
                running.renew()
                pause(2.0)
    return DONE


def _is_pending(running: Running, control: bmc.PowerControl) -> bool:
    with running.kept():
        return bmc.capability(control, bmc.FactorySettings).is_reset_pending(timeout_s=ASK_S)


def _is_back(running: Running) -> bool:
    """Whether a BMC that has reset itself answers again, and still knows us."""
    end = time.monotonic() + _time_left(running)
    while time.monotonic() < end:
        try:
            with running.connect() as control, running.kept():
                control.power_state(timeout_s=ASK_S)
            return True
        except (bmc.BmcCredentialsRefused, bmc.BmcUserUnknown):
            return False
        except bmc.BmcError:
            running.renew()
            pause(2.0)
    return False


def _time_left(running: Running) -> float:
    """How many seconds may be waited before the job would be taken from us."""
    with unit_of_work() as unit:
        deadline = unit.get_one(HardwareJob, running.job_id).deadline_at
    assert deadline is not None
    return (deadline - utcnow()).total_seconds() - LEFT_S


def _say(running: Running, result: EvidenceResult, method: str, facts: dict[str, str]) -> None:
    with running.writing() as unit:
        cleanings.witness(
            unit, running.job_id, CleaningStepName.SETTINGS, result=result, method=method, facts=facts
        )
