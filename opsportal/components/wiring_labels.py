"""Switches asked at once, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opsportal.components.switch_labels import SWITCH_ERROR
from opsportal.locale import N_

Words = Mapping[str, str]

CHECK_ERROR: Final[Words] = {
    **SWITCH_ERROR,
    "waited_too_long": N_("No worker asked it in time. Look at the job queues, then ask again."),
}
WRITE: Final[Words] = {
    "allowed": N_("It lets the portal set its ports."),
    "refused": N_(
        "It does not let the portal set its ports: give the write access the right to set ifAdminStatus."
    ),
    "unclear": N_("It does not say whether the portal may set its ports: that shows when one is set."),
    "switch_unreachable": N_("It does not answer to the write access: a wrong community looks the same."),
    "switch_credentials_refused": N_("It refused the user or password of the write access. Enter them anew."),
    "switch_misconfigured": N_("The write access on record cannot be used. Enter it anew."),
}
"""What it said to the credentials for writing; other codes are those of any question."""
