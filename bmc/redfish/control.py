"""Control of one machine by Redfish. Each failure of the way there costs a process, never the caller's."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from bmc.boot import BootDevice, BootSetting
from bmc.endpoints import Endpoint
from bmc.errors import ERRORS, BmcDeadlineExceeded, BmcProtocolError
from bmc.events import MAX_EVENTS, BmcEvent, EventAnswer, Severity
from bmc.inventory import BmcInventory, BmcPart
from bmc.power import PowerGoal, PowerState
from bmc.processes import DisposableChild
from bmc.sensors import Health, Partial, PowerDrawAnswer, SensorAnswer, SensorKind, SensorReading
from bmc.settings import SettingsMeans, SettingsReset
from bmc.texts import clean_text
from bmc.users import BmcUser, Privilege

T = TypeVar("T")

_KEY = 0
# The child reports a timeout by itself this much earlier; at the deadline itself it is killed.
_GRACE_S = 0.2
# After these the BMC has answered as it should, and the session is still good.
_HARMLESS = ("bmc_unsupported", "bmc_refused_command", "bmc_user_unknown", "bmc_busy")
# SensorType of a LogEntry of type SEL (DSP0268), as bmc.events calls them.
_KINDS = {
    "Temperature": "temperature",
    "Voltage": "voltage",
    "Current": "current",
    "Fan": "fan",
    "Processor": "processor",
    "Power Supply / Converter": "power_supply",
    "PowerUnit": "power_unit",
    "Memory": "memory",
    "Drive Slot/Bay": "drive",
    "Watchdog": "watchdog",
    "Battery": "battery",
}


class RedfishControl:
    """Every capability over HTTPS (DSP0266). One thread at a time.

    Keep it within one thread: on Linux the child is killed when the *thread* that started it ends.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._to = {
            "host": endpoint.host,
            "port": endpoint.port,
            "username": endpoint.username,
            "password": endpoint.password,
            "fingerprint": endpoint.fingerprint.replace(":", "").lower(),
            "ca_file": endpoint.ca_file,
        }
        self._child: DisposableChild | None = None

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Read the machine's PowerState."""
        return self._ask("read", PowerState, timeout_s)

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send one ComputerSystem.Reset and wait for its status."""
        self._ask(goal.value, str, timeout_s)

    def shutdown(self, *, timeout_s: float) -> None:
        """Send one GracefulShutdown."""
        self._ask("shutdown", str, timeout_s)

    def set_boot(
        self, device: BootDevice, *, once: bool = True, uefi: bool | None = None, timeout_s: float
    ) -> None:
        """Change the boot override of the machine; with `uefi` None its mode is left alone."""
        self._ask("set_boot", str, timeout_s, device=device.value, once=once, uefi=uefi)

    def read_boot(self, *, timeout_s: float) -> BootSetting:
        """Read the boot override by a fresh request."""
        return self._ask("read_boot", _boot_setting, timeout_s)

    def identify(self, seconds: int, *, timeout_s: float) -> None:
        """Blink. Redfish has no duration: the light blinks until it is asked for 0 seconds."""
        self._ask("identify", bool, timeout_s, is_on=seconds > 0)

    def read_sensors(self, *, timeout_s: float) -> SensorAnswer:
        """Read the sensors of every chassis."""
        return self._ask("read_sensors", _sensor_answer, timeout_s)

    def read_power_draw(self, *, timeout_s: float) -> PowerDrawAnswer:
        """Ask every chassis for its watts."""
        return self._ask("read_power_draw", lambda found: PowerDrawAnswer(**found), timeout_s)

    def read_events(self, *, limit: int = 50, timeout_s: float) -> EventAnswer:
        """The newest entries of the machine's and the BMC's logs."""
        return self._ask("read_events", _event_answer, timeout_s, limit=max(1, min(limit, MAX_EVENTS)))

    def list_users(self, *, timeout_s: float) -> tuple[BmcUser, ...]:
        """Every account."""
        return self._ask("list_users", lambda found: tuple(map(_user, found)), timeout_s)

    def create_user(self, name: str, password: str, *, privilege: Privilege, timeout_s: float) -> BmcUser:
        """Create an account and read it back."""
        arguments = {"name": name, "password": password, "privilege": int(privilege)}
        return self._ask("create_user", _user, timeout_s, **arguments)

    def delete_user(self, name: str, *, timeout_s: float) -> None:
        """Delete the account and read back that it is gone."""
        self._ask("delete_user", lambda _: None, timeout_s, name=name)

    def set_password(self, name: str, password: str, *, timeout_s: float) -> None:
        """Change a password, and sign in with it by a process of its own: Redfish has no test of one."""
        end = time.monotonic() + timeout_s
        self._ask("set_password", lambda _: None, timeout_s, name=name, password=password)
        if name == self._to["username"]:
            self._to["password"] = password
        with RedfishControl._to_user(self._to, name, password) as other:
            other.power_state(timeout_s=max(0.1, end - time.monotonic()))

    def read_inventory(self, *, timeout_s: float) -> BmcInventory:
        """What the machine and its chassis are."""
        return self._ask("read_inventory", _inventory, timeout_s)

    def reset_settings(self, *, timeout_s: float) -> SettingsReset:
        """Bios.ResetBios, virtual media out, and the BMC itself where it keeps its network and users."""
        return self._ask("reset_settings", _settings_reset, timeout_s)

    def is_reset_pending(self, *, timeout_s: float) -> bool:
        """Bios.ResetBiosToDefaultsPending, where the BMC has that."""
        return self._ask("is_reset_pending", bool, timeout_s)

    @classmethod
    def _to_user(cls, to: dict[str, Any], username: str, password: str) -> Self:
        other = cls.__new__(cls)
        other._to = to | {"username": username, "password": password}
        other._child = None
        return other

    def _ask(self, action: str, understand: Callable[[Any], T], timeout_s: float, **arguments: object) -> T:
        end = time.monotonic() + timeout_s
        if self._child is None:
            self._child = DisposableChild("bmc.redfish.child")
        child = self._child
        deadline = end - min(_GRACE_S, timeout_s / 5)
        try:
            child.tell(
                {"key": _KEY, "action": action, "with": arguments, "deadline": deadline, "to": self._to}
            )
            answers = child.receive(wait_s=end - time.monotonic())
        except BaseException:  # also a signal: the next request would then get the answer to this one
            self._discard()
            raise
        if not answers:
            self._discard()
            raise BmcDeadlineExceeded
        answer = answers[-1]
        if "failure" in answer:
            if answer["failure"] not in _HARMLESS:
                self._discard()
            raise ERRORS.get(answer["failure"], BmcProtocolError)()
        try:
            return understand(answer["result"])
        except (LookupError, TypeError, ValueError):
            raise BmcProtocolError from None

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def __enter__(self) -> Self:
        self._child = DisposableChild("bmc.redfish.child")  # starts up while the caller prepares
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


def _boot_setting(found: dict[str, Any]) -> BootSetting:
    return BootSetting(BootDevice(found["device"]), found["is_once"], found["is_uefi"])


def _sensor_answer(found: dict[str, Any]) -> SensorAnswer:
    readings = tuple(
        SensorReading(
            clean_text(one["name"]), SensorKind(one["kind"]), one["value"], one["unit"], Health(one["health"])
        )
        for one in found["readings"]
    )
    return SensorAnswer(readings, _partial(found))


def _event_answer(found: dict[str, Any]) -> EventAnswer:
    return EventAnswer(tuple(map(_event, found["events"])), found["total"], _partial(found))


def _event(one: dict[str, Any]) -> BmcEvent:
    return BmcEvent(
        record_id=one["id"],
        at=_moment(one["created"]),
        code="unknown",  # the registries of messages are each vendor's own
        kind=_KINDS.get(one["sensor_type"], "other"),
        severity=Severity(one["severity"]),
        is_over=one["entry_code"] == "Deassert",
        detail=clean_text(one["message"] or one["message_id"], limit=200),
    )


def _moment(created: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(created)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _inventory(found: dict[str, Any]) -> BmcInventory:
    parts = tuple(BmcPart(**{name: clean_text(text) for name, text in one.items()}) for one in found["parts"])
    return BmcInventory(parts, firmware=clean_text(found["firmware"]), partial=_partial(found))


def _settings_reset(found: dict[str, Any]) -> SettingsReset:
    return SettingsReset(
        bios=SettingsMeans.REDFISH_RESET_BIOS if found["bios"] else None,
        bmc=SettingsMeans.REDFISH_RESET_MANAGER if found["bmc"] else None,
        ejected=None if found["ejected"] is None else int(found["ejected"]),
    )


def _user(one: dict[str, Any]) -> BmcUser:
    return BmcUser(one["user_id"], clean_text(one["name"]), Privilege(one["privilege"]), one["is_enabled"])


def _partial(found: dict[str, Any]) -> Partial | None:
    return Partial(found["partial"]) if found["partial"] else None
