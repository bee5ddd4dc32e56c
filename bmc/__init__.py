"""A library for BMCs. It knows hosts and credentials handed to it, and nothing of the portal."""

from bmc.endpoints import Endpoint
from bmc.errors import (
    BmcBusy,
    BmcCredentialsRefused,
    BmcDeadlineExceeded,
    BmcError,
    BmcIgnoredCommand,
    BmcProtocolError,
    BmcRefusedCommand,
    BmcUnreachable,
    BmcUserUnknown,
)
from bmc.power import PowerControl, PowerGoal, PowerOutcome, PowerState, Progress, ensure_power

__all__ = [
    "BmcBusy",
    "BmcCredentialsRefused",
    "BmcDeadlineExceeded",
    "BmcError",
    "BmcIgnoredCommand",
    "BmcProtocolError",
    "BmcRefusedCommand",
    "BmcUnreachable",
    "BmcUserUnknown",
    "Endpoint",
    "PowerControl",
    "PowerGoal",
    "PowerOutcome",
    "PowerState",
    "Progress",
    "ensure_power",
]
