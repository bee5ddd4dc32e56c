"""What codes of a plan's traffic stand for, in words."""

from __future__ import annotations

from typing import Final

from opsportal.components.labels import Words
from opsportal.locale import N_

COUNTED: Final[Words] = {
    "both": N_("In and out count together."),
    "in": N_("Only what the server receives counts."),
    "out": N_("Only what the server sends counts."),
    "larger": N_("The larger direction counts."),
}
OUTCOME: Final[Words] = {
    "skipped": N_("reached"),
    "mailed": N_("mailed"),
    "exempt": N_("nothing done: exempt"),
    "wanted": N_("the plan's action is on its way"),
    "done": N_("the server is blocked"),
    "ended": N_("the block has ended"),
}
