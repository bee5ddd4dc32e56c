"""One BMC by IPMI: power and every other capability. Each failure costs a process, never the caller's."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from bmc.boot import BootDevice, BootSetting
from bmc.endpoints import Endpoint
from bmc.errors import ERRORS, BmcDeadlineExceeded, BmcProtocolError
from bmc.events import MAX_EVENTS, EventAnswer
from bmc.identify import MAX_IDENTIFY_S
from bmc.inventory import BmcInventory
from bmc.ipmi import answers
from bmc.ipmi.processes import ADMINISTRATOR, OPERATOR, ChildProcess, take_child
from bmc.power import PowerGoal, PowerState
from bmc.sensors import PowerDrawAnswer, SensorAnswer
from bmc.settings import SettingsMeans, SettingsReset
from bmc.users import MAX_NAME, MAX_PASSWORD, BmcUser, Privilege

_KEY = 0
# The child reports a timeout by itself this much earlier; at the deadline itself it is killed.
_GRACE_S = 0.2


class IpmiPower:
    """Every capability of this library over RMCP+ (IPMI v2.0 section 13). One thread at a time.

    Keep it within one thread: on Linux the child is killed when the *thread* that started it ends.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._child: ChildProcess | None = None
        self._privilege = OPERATOR

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Ask the BMC by Get Chassis Status."""
        return PowerState(self._ask("read", timeout_s))

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send one Chassis Control and wait for its completion code."""
        self._ask(goal.value, timeout_s)

    def shutdown(self, *, timeout_s: float) -> None:
        """Send one soft shutdown."""
        self._ask("shutdown", timeout_s)

    def set_boot(
        self, device: BootDevice, *, once: bool = True, uefi: bool | None = None, timeout_s: float
    ) -> None:
        """Set the boot flags."""
        self._ask("set_boot", timeout_s, device=device.value, once=once, uefi=uefi)

    def read_boot(self, *, timeout_s: float) -> BootSetting:
        """Read the boot flags."""
        return answers.boot_setting(self._ask("read_boot", timeout_s))

    def read_sensors(self, *, timeout_s: float) -> SensorAnswer:
        """Walk the sensor repository and read each sensor."""
        return answers.sensor_answer(self._ask("sensors", timeout_s))

    def read_power_draw(self, *, timeout_s: float) -> PowerDrawAnswer:
        """Ask by DCMI."""
        return answers.power_draw(self._ask("power_draw", timeout_s))

    def read_events(self, *, limit: int = 50, timeout_s: float) -> EventAnswer:
        """Read the system event log."""
        return answers.event_answer(self._ask("events", timeout_s, limit=min(limit, MAX_EVENTS)))

    def identify(self, seconds: int, *, timeout_s: float) -> None:
        """Blink."""
        if not 0 <= seconds <= MAX_IDENTIFY_S:
            raise ValueError("the light blinks for 0 to 255 seconds")
        self._ask("identify", timeout_s, seconds=seconds)

    def read_inventory(self, *, timeout_s: float) -> BmcInventory:
        """Read every field-replaceable unit."""
        return answers.inventory(self._ask("inventory", timeout_s))

    def reset_settings(self, *, timeout_s: float) -> SettingsReset:
        """Ask for a cleared CMOS. IPMI has no command for the BMC's own settings, nor one for virtual media."""
        self._ask("clear_cmos", timeout_s)
        return SettingsReset(bios=SettingsMeans.IPMI_CMOS_CLEAR)

    def is_reset_pending(self, *, timeout_s: float) -> bool:
        """Read the boot flags. A boot device that was set since has taken the wish back as well."""
        return bool(self._ask("read_cmos_clear", timeout_s))

    def list_users(self, *, timeout_s: float) -> tuple[BmcUser, ...]:
        """Read every user slot."""
        return tuple(answers.user(row) for row in self._ask_as_administrator("list_users", timeout_s))

    def create_user(self, name: str, password: str, *, privilege: Privilege, timeout_s: float) -> BmcUser:
        """Fill a free slot."""
        _check_credentials(name, password)
        wanted = {"name": name, "password": password, "privilege": int(privilege)}
        return answers.user(self._ask_as_administrator("create_user", timeout_s, **wanted))

    def delete_user(self, name: str, *, timeout_s: float) -> None:
        """Disable and empty the slots of that name."""
        _check_credentials(name)
        self._ask_as_administrator("delete_user", timeout_s, name=name)

    def set_password(self, name: str, password: str, *, timeout_s: float) -> None:
        """Change and test the password."""
        _check_credentials(name, password)
        self._ask_as_administrator("set_password", timeout_s, name=name, password=password)

    def _ask_as_administrator(self, action: str, timeout_s: float, **args: object) -> Any:
        """In a process of its own: pyghmi tells two sessions with one BMC apart by its address alone."""
        with IpmiPower(self._endpoint) as other:
            other._privilege = ADMINISTRATOR
            return other._ask(action, timeout_s, **args)

    def _ask(self, action: str, timeout_s: float, **args: object) -> Any:
        end = time.monotonic() + timeout_s
        if self._child is None:
            self._child = take_child()
        child = self._child
        deadline = end - min(_GRACE_S, timeout_s / 5)
        try:
            child.send(
                key=_KEY,
                endpoint=self._endpoint,
                action=action,
                args=args,
                privilege=self._privilege,
                deadline=deadline,
                stays=True,
            )
            heard = child.receive(wait_s=end - time.monotonic())
        except BaseException:  # also a signal: the next request would then get the answer to this one
            self._discard()
            raise
        if not heard:
            self._discard()
            raise BmcDeadlineExceeded
        answer = heard[-1]
        if "failure" in answer:
            self._discard()
            raise ERRORS.get(answer["failure"], BmcProtocolError)()
        return answer["result"]

    def _discard(self) -> None:
        """After a failure pyghmi's state is not worth knowing: the next request gets a new process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def __enter__(self) -> Self:
        self._child = take_child()  # starts up while the caller prepares its first question
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


def _check_credentials(name: str, password: str = "") -> None:
    if not name or len(name.encode()) > MAX_NAME or not name.isprintable():
        raise ValueError("a BMC user's name has 1 to 16 printable bytes")
    if len(password.encode()) > MAX_PASSWORD:
        raise ValueError("a BMC user's password has at most 20 bytes")
