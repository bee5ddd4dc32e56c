"""What came of a job on a machine, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.components.machine_labels import PORT_OUTCOMES
from opsportal.components.provisioning_labels import OUTCOMES as INSTALL_OUTCOMES
from opsportal.locale import N_

Words = Mapping[str, str]

OUTCOME: Final[Words] = {
    **INSTALL_OUTCOMES,
    **PORT_OUTCOMES,
    "ended_by_hand": N_("Ended by somebody who looked at the machine."),
    "verified": N_("Read back from the server and confirmed."),
    "reconciled": N_(
        "The connection was lost on the way; the server was asked afterwards and has reached the goal."
    ),
    "cancelled": N_("Cancelled before it began. The server was not touched."),
    "changed_hands": N_(
        "The server was handed on before this was done. Nothing more was done to it in your name."
    ),
    "waited_too_long": N_(
        "It waited too long and was dropped, so that nothing happens by surprise. The server was not touched."
        " Start it again if you still need it."
    ),
    "reboot_uncertain": N_(
        "The server is on, but nobody can say whether it restarted. Look at it, then reboot again if needed."
    ),
    "reboot_left_off": N_("The server was switched off and did not come back on. Power it on."),
    "not_carried_out": N_(
        "The connection was lost on the way; the server was asked afterwards and nothing had changed. Start it again."
    ),
    "never_answered": N_(
        "The management controller stopped answering, so the outcome is not known. Check the server before you try again."
    ),
    "bmc_error": N_(
        "The management controller did not do what was asked. Check the server before you try again, or contact support."
    ),
    "server_without_bmc": N_("This server has no management controller on record, so it cannot be asked."),
    "bmc_unreachable": N_(
        "The management controller does not answer. Nothing was changed. Try again in a minute, or contact support."
    ),
    "bmc_credentials_refused": N_(
        "The management controller refused our password. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_user_unknown": N_(
        "The management controller does not know our user name. Nothing was changed. We have to correct it; please contact support."
    ),
    "bmc_certificate_unknown": N_(
        "The management controller shows another certificate than the one on record. Nothing was changed."
        " We have to look into it; please contact support."
    ),
    "bmc_busy": N_("The management controller is busy. Nothing was changed. Wait a minute and try again."),
    "bmc_protocol_error": N_(
        "The management controller answers in a way we do not understand. Nothing was changed. Please contact support."
    ),
    "bmc_ignored_command": N_(
        "The management controller accepted the command, but the server did not follow. Try again, or contact support."
    ),
    "bmc_refused_command": N_(
        "The management controller refused the command in the server's present state. Nothing was changed. Please contact support."
    ),
    "bmc_outside_networks": N_(
        "The address of the management controller is outside the networks the portal may reach. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "bmc_session_lost": N_(
        "The connection to the management controller was lost. Nothing was changed. Try again in a minute."
    ),
    "bmc_misconfigured": N_(
        "What we have on record about the management controller cannot be used. Nothing was changed."
        " We have to correct it; please contact support."
    ),
    "clean_interrupted": N_(
        "Gathering the evidence was interrupted. What was found stays on record; the server may be switched off."
        " Look at it, then gather it again."
    ),
    "machine_silent": N_("The machine did not report in time. Look at it, then start it again."),
    "burn_in_interrupted": N_(
        "The burn-in was interrupted, so it has proved nothing; the server may be switched off. Look at it, then start"
        " it again."
    ),
    "inspect_interrupted": N_(
        "The hardware check was interrupted. Nothing about the server was changed. Start it again."
    ),
    "internal": N_(
        "Something went wrong on our side. The power state is being read again. Check it before you try again."
    ),
    "bmc_deadline_exceeded": N_(
        "The time was used up before the result could be confirmed. Check the power state before you try again."
    ),
}
