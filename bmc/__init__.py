"""A library for BMCs. It knows hosts and credentials handed to it, and nothing of the portal."""

from bmc.drivers import connect
from bmc.endpoints import Endpoint
from bmc.errors import (
    BmcBusy,
    BmcCredentialsRefused,
    BmcDeadlineExceeded,
    BmcError,
    BmcIgnoredCommand,
    BmcProtocolError,
    BmcRefusedCommand,
    BmcSessionLost,
    BmcUnreachable,
    BmcUserUnknown,
)
from bmc.power import PowerControl, PowerGoal, PowerOutcome, PowerState, Progress
from bmc.power_goals import ensure_power
from bmc.sweeps import sweep_power

__all__ = [
    "BmcBusy",
    "BmcCredentialsRefused",
    "BmcDeadlineExceeded",
    "BmcError",
    "BmcIgnoredCommand",
    "BmcProtocolError",
    "BmcRefusedCommand",
    "BmcSessionLost",
    "BmcUnreachable",
    "BmcUserUnknown",
    "Endpoint",
    "PowerControl",
    "PowerGoal",
    "PowerOutcome",
    "PowerState",
    "Progress",
    "connect",
    "ensure_power",
    "sweep_power",
]
