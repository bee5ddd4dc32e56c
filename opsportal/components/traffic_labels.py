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
    "limit_wanted": N_("a technician is to limit the port"),
    "limit_done": N_("a technician has limited the port"),
    "limit_ended": N_("the limit has ended"),
}
COUNTED_CHOICE: Final[Words] = {
    "both": N_("In and out together"),
    "in": N_("What the server receives"),
    "out": N_("What the server sends"),
    "larger": N_("The larger direction"),
}
ACTION: Final[Words] = {
    "notify": N_("Nothing, mails only"),
    "bill": N_("Bill each unit begun"),
    "limit": N_("A technician limits the port"),
    "block": N_("The port is switched off"),
}
WRITE_ACCESS: Final[Words] = {
    "": N_("Ports are only read"),
    "community": N_("Ports may be set: write community"),
    "user": N_("Ports may be set: SNMPv3 user"),
}
