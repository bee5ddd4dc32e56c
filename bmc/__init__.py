"""A library for BMCs. It knows hosts and credentials handed to it, and nothing of the portal."""

from bmc.boot import BootControl, BootDevice, BootSetting
from bmc.capabilities import capability
from bmc.drivers import connect, get_ready
from bmc.endpoints import Endpoint
from bmc.errors import (
    ERRORS,
    BmcBusy,
    BmcCertificateUnknown,
    BmcCredentialsRefused,
    BmcDeadlineExceeded,
    BmcError,
    BmcIgnoredCommand,
    BmcProtocolError,
    BmcRefusedCommand,
    BmcSessionLost,
    BmcUnreachable,
    BmcUnsupported,
    BmcUserUnknown,
)
from bmc.events import BmcEvent, EventAnswer, EventLog, Severity
from bmc.identify import Identify
from bmc.inventory import BmcInventory, BmcPart, Inventory
from bmc.power import PowerControl, PowerGoal, PowerOutcome, PowerState, Progress, SoftShutdown
from bmc.power_goals import ensure_power
from bmc.quirks import BootMethod, ConsoleKind, Quirks, quirks_of
from bmc.sensors import (
    Health,
    Partial,
    PowerDraw,
    PowerDrawAnswer,
    SensorAnswer,
    SensorKind,
    SensorReading,
    Sensors,
)
from bmc.settings import FactorySettings, SettingsMeans, SettingsReset
from bmc.sweeps import sweep_power
from bmc.users import BmcUser, Privilege, Users

__all__ = [
    "ERRORS",
    "BmcBusy",
    "BmcCertificateUnknown",
    "BmcCredentialsRefused",
    "BmcDeadlineExceeded",
    "BmcError",
    "BmcEvent",
    "BmcIgnoredCommand",
    "BmcInventory",
    "BmcPart",
    "BmcProtocolError",
    "BmcRefusedCommand",
    "BmcSessionLost",
    "BmcUnreachable",
    "BmcUnsupported",
    "BmcUser",
    "BmcUserUnknown",
    "BootControl",
    "BootDevice",
    "BootMethod",
    "BootSetting",
    "ConsoleKind",
    "Endpoint",
    "EventAnswer",
    "EventLog",
    "FactorySettings",
    "Health",
    "Identify",
    "Inventory",
    "Partial",
    "PowerControl",
    "PowerDraw",
    "PowerDrawAnswer",
    "PowerGoal",
    "PowerOutcome",
    "PowerState",
    "Privilege",
    "Progress",
    "Quirks",
    "SensorAnswer",
    "SensorKind",
    "SensorReading",
    "Sensors",
    "SettingsMeans",
    "SettingsReset",
    "Severity",
    "SoftShutdown",
    "Users",
    "capability",
    "connect",
    "ensure_power",
    "get_ready",
    "quirks_of",
    "sweep_power",
]
