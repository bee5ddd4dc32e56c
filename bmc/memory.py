"""BMCs that exist only in this process, with faults on order, for tests and for trying things out.

They keep the same promises as real ones: `tests/bmc` runs one set of contract tests against both.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from bmc.boot import BootControl, BootDevice, BootSetting
from bmc.endpoints import Endpoint
from bmc.errors import (
    BmcBusy,
    BmcCredentialsRefused,
    BmcRefusedCommand,
    BmcSessionLost,
    BmcUnreachable,
    BmcUnsupported,
    BmcUserUnknown,
)
from bmc.events import MAX_EVENTS, EventAnswer, EventLog
from bmc.identify import MAX_IDENTIFY_S, Identify
from bmc.inventory import BmcInventory, Inventory
from bmc.power import PowerGoal, PowerState, SoftShutdown
from bmc.sensors import PowerDraw, PowerDrawAnswer, SensorAnswer, Sensors
from bmc.settings import FactorySettings, SettingsReset
from bmc.users import MAX_USERS, BmcUser, Privilege, Users

_NO_WISH = BootSetting(BootDevice.DEFAULT, is_once=True, is_uefi=False)
_NO_SENSORS, _NO_DRAW, _NO_EVENTS = SensorAnswer(()), PowerDrawAnswer(0), EventAnswer((), 0)
_NO_PARTS = BmcInventory(())
_NO_RESET = SettingsReset()


@dataclass(slots=True)
class MemoryUser:
    """A user besides the administrator."""

    password: str
    privilege: Privilege = Privilege.OPERATOR


@dataclass(slots=True)
class MemoryBmc:
    """A scripted BMC and the machine behind it. Faults are fields and may change at any time."""

    username: str = "admin"
    password: str = "s3cret"  # noqa: S105
    state: PowerState = PowerState.ON
    commands: list[PowerGoal] = field(default_factory=list)
    """Every command that reached the machine's BMC and was not refused, in order."""
    other_commands: list[str] = field(default_factory=list)
    """The same for everything that is no power goal: "shutdown", "boot network", "identify 15"."""
    log_ons: list[str] = field(default_factory=list)
    """The user name of every request that was heard, whether it was let in or not."""

    is_silent: bool = False
    ignores_commands: bool = False
    """Acknowledges and does nothing."""
    refuses_commands: bool = False
    busy_answers: int = 0
    """So many requests are answered "node busy"."""
    lost_answers: int = 0
    """So many commands take effect, and their acknowledgement is lost."""
    is_flapping: bool = False
    """Of every three requests the first goes unanswered."""
    unsupported: set[type] = field(default_factory=set)
    """Capabilities (protocols of this library) that this BMC answers as unknown commands."""
    forgets_boot: bool = False
    """Always says that no boot device is set, as ipmi_sim and some real ones do."""
    boot: BootSetting = _NO_WISH
    blinks_s: int = 0
    sensors: SensorAnswer = _NO_SENSORS
    power_draw: PowerDrawAnswer = _NO_DRAW
    events: EventAnswer = _NO_EVENTS
    inventory: BmcInventory = _NO_PARTS
    users: dict[str, MemoryUser] = field(default_factory=dict)
    """Other users than the one above, by name."""
    settings_reset: SettingsReset = _NO_RESET
    """What this BMC says that it has set back."""
    shows_reset: bool = False
    """Whether it shows that the firmware has its part still to do, which that does `firmware_s` after a start."""
    firmware_s: float = 0.0
    resets_at: float | None = None
    """When the firmware will have done it. Never, as long as nobody starts the machine."""
    answer_s: float = 0.0
    """How long it takes to answer."""
    effect_s: float = 0.0
    """How long the machine takes to follow a command."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    _requests: int = 0
    _next_state: PowerState | None = None
    _follows_at: float = 0.0

    def answer(self, endpoint: Endpoint, timeout_s: float) -> None:
        """Take a request up to the point where a healthy BMC would act; raise as an ill one would."""
        self._requests += 1
        is_unheard = self.is_silent or (self.is_flapping and self._requests % 3 == 1)
        if is_unheard or self.answer_s > timeout_s:
            self.sleep(timeout_s)
            raise BmcUnreachable
        self.sleep(self.answer_s)
        self._let_in(endpoint)
        if self.busy_answers:
            self.busy_answers -= 1
            raise BmcBusy

    def _let_in(self, endpoint: Endpoint) -> None:
        self.log_ons.append(endpoint.username)
        passwords = {name: user.password for name, user in self.users.items()}
        passwords[self.username] = self.password
        if endpoint.username not in passwords:
            raise BmcUserUnknown
        if endpoint.password != passwords[endpoint.username]:
            raise BmcCredentialsRefused

    def power(self) -> PowerState:
        """The machine's power as it really is."""
        if self._next_state is not None and self.clock() >= self._follows_at:
            self.state, self._next_state = self._next_state, None
        return self.state

    def obey(self, goal: PowerGoal) -> None:
        """Do what the faults leave of a command."""
        if self.refuses_commands:
            raise BmcRefusedCommand
        self.commands.append(goal)
        if goal is PowerGoal.ON and self.state is PowerState.OFF and self.resets_at is not None:
            self.resets_at = self.clock() + self.firmware_s
        self.follow(PowerState(goal.value))
        self._lose_answer()

    def follow(self, state: PowerState) -> None:
        """Bring the machine to a state, as fast and as far as the faults let it."""
        if not self.ignores_commands:
            self._next_state, self._follows_at = state, self.clock() + self.effect_s

    def tell(self, command: str) -> None:
        """Take a command that is no power goal."""
        if self.refuses_commands:
            raise BmcRefusedCommand
        self.other_commands.append(command)
        self._lose_answer()

    def _lose_answer(self) -> None:
        if self.lost_answers:
            self.lost_answers -= 1
            raise BmcSessionLost


_bmcs: dict[tuple[str, int], MemoryBmc] = {}


@contextmanager
def plugged_in(host: str, bmc: MemoryBmc, *, port: int = 623) -> Iterator[Endpoint]:
    """Make `bmc` answer at `host` for a `with` block; yields its endpoint."""
    _bmcs[host, port] = bmc
    try:
        yield Endpoint(host, port, username=bmc.username, password=bmc.password, driver="memory")
    finally:
        del _bmcs[host, port]


class MemoryPower:
    """Every capability of a MemoryBmc; an address without one is silent."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def power_state(self, *, timeout_s: float) -> PowerState:
        """Read the machine's power."""
        bmc = self._answering_bmc(timeout_s)
        return bmc.power()

    def set_power(self, goal: PowerGoal, *, timeout_s: float) -> None:
        """Send one command."""
        bmc = self._answering_bmc(timeout_s)
        bmc.obey(goal)

    def shutdown(self, *, timeout_s: float) -> None:
        """Ask the operating system to end; this one always listens."""
        bmc = self._able_bmc(SoftShutdown, timeout_s)
        bmc.tell("shutdown")
        bmc.follow(PowerState.OFF)

    def set_boot(
        self, device: BootDevice, *, once: bool = True, uefi: bool | None = None, timeout_s: float
    ) -> None:
        """Remember a boot device."""
        bmc = self._able_bmc(BootControl, timeout_s)
        bmc.tell(f"boot {device}")
        bmc.boot = BootSetting(device, once, bmc.boot.is_uefi if uefi is None else uefi)

    def read_boot(self, *, timeout_s: float) -> BootSetting:
        """What is remembered, unless the BMC forgets it."""
        bmc = self._able_bmc(BootControl, timeout_s)
        return replace(bmc.boot, device=BootDevice.DEFAULT) if bmc.forgets_boot else bmc.boot

    def identify(self, seconds: int, *, timeout_s: float) -> None:
        """Blink."""
        bmc = self._able_bmc(Identify, timeout_s)
        bmc.blinks_s = min(seconds, MAX_IDENTIFY_S)
        bmc.tell(f"identify {bmc.blinks_s}")

    def read_sensors(self, *, timeout_s: float) -> SensorAnswer:
        """The sensors that were put there."""
        return self._able_bmc(Sensors, timeout_s).sensors

    def read_power_draw(self, *, timeout_s: float) -> PowerDrawAnswer:
        """The watts that were put there."""
        return self._able_bmc(PowerDraw, timeout_s).power_draw

    def read_events(self, *, limit: int = 50, timeout_s: float) -> EventAnswer:
        """The newest of the events that were put there, newest first."""
        log = self._able_bmc(EventLog, timeout_s).events
        return replace(log, events=log.events[: min(limit, MAX_EVENTS)])

    def read_inventory(self, *, timeout_s: float) -> BmcInventory:
        """The parts that were put there."""
        return self._able_bmc(Inventory, timeout_s).inventory

    def reset_settings(self, *, timeout_s: float) -> SettingsReset:
        """Say what was put there; with nothing there it cannot."""
        bmc = self._able_bmc(FactorySettings, timeout_s)
        if bmc.settings_reset == _NO_RESET:
            raise BmcUnsupported
        bmc.tell("reset settings")
        bmc.resets_at = math.inf
        return bmc.settings_reset

    def is_reset_pending(self, *, timeout_s: float) -> bool:
        """Whether the machine's firmware is still to carry a reset out, if this BMC shows it."""
        bmc = self._able_bmc(FactorySettings, timeout_s)
        return bmc.shows_reset and bmc.resets_at is not None and bmc.clock() < bmc.resets_at

    def list_users(self, *, timeout_s: float) -> tuple[BmcUser, ...]:
        """The administrator in slot 2, and the others."""
        bmc = self._able_bmc(Users, timeout_s)
        others = ((number, name, user.privilege) for number, (name, user) in enumerate(bmc.users.items(), 3))
        return (
            BmcUser(2, bmc.username, Privilege.ADMINISTRATOR, is_enabled=True),
            *(BmcUser(number, name, privilege, is_enabled=True) for number, name, privilege in others),
        )

    def create_user(self, name: str, password: str, *, privilege: Privilege, timeout_s: float) -> BmcUser:
        """Add a user."""
        bmc = self._able_bmc(Users, timeout_s)
        if name == bmc.username or name in bmc.users or len(bmc.users) >= MAX_USERS - 2:
            raise BmcRefusedCommand
        bmc.tell(f"create user {name}")
        bmc.users[name] = MemoryUser(password, privilege)
        return BmcUser(2 + len(bmc.users), name, privilege, is_enabled=True)

    def delete_user(self, name: str, *, timeout_s: float) -> None:
        """Remove a user; the administrator stays."""
        bmc = self._able_bmc(Users, timeout_s)
        if name == bmc.username:
            raise BmcRefusedCommand
        bmc.tell(f"delete user {name}")
        bmc.users.pop(name, None)

    def set_password(self, name: str, password: str, *, timeout_s: float) -> None:
        """Change a password."""
        bmc = self._able_bmc(Users, timeout_s)
        if name != bmc.username and name not in bmc.users:
            raise BmcUserUnknown
        bmc.tell(f"set password {name}")
        if name == bmc.username:
            bmc.password = password
            self._endpoint = replace(self._endpoint, password=password)
        else:
            bmc.users[name].password = password

    def _able_bmc(self, kind: type, timeout_s: float) -> MemoryBmc:
        bmc = self._answering_bmc(timeout_s)
        if kind in bmc.unsupported:
            raise BmcUnsupported
        return bmc

    def _answering_bmc(self, timeout_s: float) -> MemoryBmc:
        bmc = _bmcs.get((self._endpoint.host, self._endpoint.port))
        if bmc is None:
            bmc = MemoryBmc(is_silent=True)
        bmc.answer(self._endpoint, timeout_s)
        return bmc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
