"""A machine behind a BMC: power, boot, serial console. It knows nothing of IPMI."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from lab.bmcs.answering import NotWhileOff
from lab.bmcs.boots import KERNEL, Line, Stage, boot_lines, disk_lines, network_lines, stop_lines
from lab.bmcs.consoles import Console
from lab.bmcs.faults import HEALTHY, Fault, FaultKind
from lab.bmcs.identities import Identity
from lab.bmcs.records import BootOverride, Entry, NetworkSystem, Record, System, Way
from lab.bmcs.shell import Shell
from lab.bmcs.users import first_users

# Seconds between a command and its effect, as on a real board.
ON_AFTER = 0.4
OFF_AFTER = 0.2
SOFT_AFTER = 1.5
CYCLE_GAP = 1.0  # IPMI 2.0, 28.3: a power cycle stays off for at least one second
CHARGE_AFTER = 1.0

POWER_RESTORED, AC_FAILED, POWER_FAULT, ON_BY_IPMI = 0x00, 0x01, 0x08, 0x10  # IPMI 2.0, table 28-3, byte 3
DEVICES = {0: "default", 1: "network", 2: "hd", 3: "hd", 5: "optical", 6: "setup", 15: "floppy"}


class NetworkCard(Protocol):
    """Whoever carries out for a machine what it does over the network."""

    def begin(self, machine: "Machine") -> None:
        """`machine` boots from the network, or goes on with what it does there. Forgets what it did before."""

    def abandon(self, machine: "Machine") -> None:
        """`machine` was switched off or restarted."""


class Machine:
    """One server. Every answer is about now: what became due meanwhile happens first (`settle`).

    Nothing runs in the background. A change of power that is under way is data in the record with a time,
    so a machine goes on while the process that plays it is dead. `pace` 2 makes everything twice as fast.
    """

    def __init__(
        self,
        identity: Identity,
        record: Record,
        *,
        pace: float = 1.0,
        clock: Callable[[], float] = time.time,
        card: NetworkCard | None = None,
    ) -> None:
        self.identity = identity
        self.record = record
        self.console = Console()
        self.pace = pace
        self._clock = clock
        self._card = card
        self._watchers: list[Callable[[], None]] = []
        self._keepers: list[Callable[[], None]] = []
        record.users = record.users or first_users(identity.username, identity.password)
        self._stage = Stage.OFF
        self._shell = self._new_shell()
        self._resume()

    # -- what it is

    @property
    def is_on(self) -> bool:
        """Whether the main supply is on."""
        self.settle()
        return self.record.is_on

    @property
    def stage(self) -> Stage:
        """How far the boot has come."""
        self.settle()
        return self._stage

    @property
    def next_at(self) -> float | None:
        """When something happens by itself next (seconds since the epoch), or None."""
        times = [at for at, _ in self.record.due[:1]]
        if self.console.next_at is not None:
            times.append(self.console.next_at)
        return min(times, default=None)

    def seconds_until(self, at: float) -> float:
        """How long it takes until `at`, not negative."""
        return max(0.0, at - self._clock())

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after each change; returns the function that ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    def keep(self, keeper: Callable[[], None]) -> None:
        """Call `keeper` before anybody learns of a change: it makes the record safe."""
        self._keepers.append(keeper)

    # -- what is done to it

    def power_on(self, *, by: str) -> None:
        """Begin to switch on. A machine that is on or on its way stays as it is."""
        if not self.is_on and self.record.is_plugged and not self._is_due("on"):
            self._plan((ON_AFTER, "on"))
        self._asked("power-on", by)

    def power_off(self, *, by: str) -> None:
        """Cut the power without asking the system."""
        if self.is_on:
            self._plan((OFF_AFTER, "off"))
        else:
            self.record.due = []  # it was on its way up
        self._asked("power-off", by)

    def shut_down(self, *, by: str, is_reboot: bool = False) -> None:
        """Ask the system to stop in order. Nothing happens before it runs, as with a real button."""
        if self.is_on and self.record.stopping_at is None and self._stage is Stage.LOGIN:
            self.record.stopping_at, self.record.is_rebooting = self._clock(), is_reboot
            self._plan((SOFT_AFTER, "restart" if is_reboot else "off"))
            self._print_stop()
        self._asked("reboot" if is_reboot else "shutdown", by)

    def reset(self, *, by: str) -> None:
        """Restart at once. Raises NotWhileOff."""
        self._require_on("reset", by)
        self._plan((0.0, "restart"))
        self._asked("reset", by)

    def power_cycle(self, *, by: str) -> None:
        """Off, a second of nothing, on. Raises NotWhileOff."""
        self._require_on("power-cycle", by)
        self._plan((OFF_AFTER, "off"), (OFF_AFTER + CYCLE_GAP, "on"))
        self._asked("power-cycle", by)

    def unplug(self, *, by: str) -> None:
        """Pull the plug: machine and BMC are dead at once."""
        if self.record.is_plugged:
            self.record.was_on = self.is_on or self._is_due("on")
            self.record.is_plugged, self.record.due = False, []
            if self.record.is_on:
                self._go_off(self._clock())
            self.record.last_event = AC_FAILED
        self._asked("unplug", by)

    def plug(self, *, by: str) -> None:
        """Put the plug back. The restore policy is *previous*: a machine that ran comes up again."""
        if not self.record.is_plugged:
            self.record.is_plugged = True
            if self.record.was_on:
                self._plan((CHARGE_AFTER, "on"))
        self._asked("plug", by)

    def set_override(self, override: BootOverride, *, by: str) -> None:
        """Set what the next boot uses; it is used once unless it is persistent."""
        self.record.override = override
        self._asked(f"boot-device {DEVICES.get(override.device, override.device)}", by)

    def set_fault(self, fault: Fault, *, by: str) -> None:
        """Break something, or mend it with HEALTHY."""
        self.record.fault = fault
        if fault == HEALTHY:
            self.record.has_power_fault = False
        self._asked(f"fault {fault.kind}", by)

    def identify(self, seconds: int, *, by: str) -> None:
        """Blink the light on its front; 0 ends it."""
        self._asked(f"identify {seconds}", by)

    def users_changed(self, what: str, *, by: str) -> None:
        """Note that somebody may sign in to the BMC now, or may not any more."""
        self._asked(what, by)

    def refuse(self, what: str, *, by: str) -> None:
        """Note a command that was acknowledged or refused and does nothing."""
        self._asked(what, by)

    def type(self, text: str) -> None:
        """Keystrokes on the serial console. They are lost unless a login prompt waits for them."""
        if self.stage is Stage.LOGIN and self.console.is_quiet:
            self.console.write(self._shell.type(text))
            self._tell()

    def settle(self) -> None:
        """Let happen what became due, at the times it was due."""
        before, now = self._stage, self._clock()
        has_changed = False
        while self.record.due and self.record.due[0][0] <= now:
            at, action = self.record.due.pop(0)
            self._stage = self.console.advance(at) or self._stage
            self._happen(action, at)
            has_changed = True
        self._stage = self.console.advance(now) or self._stage
        if has_changed:
            self._changed()
        elif self._stage is not before:
            self._tell()

    # -- what it does by the network; called by its card

    def print(self, lines: Sequence[Line]) -> float:
        """Begin to print `lines`; returns the seconds until the last one is out."""
        self.console.schedule(list(lines), start=self._clock(), pace=self.pace)
        self._tell()
        return lines[-1].after / self.pace if lines else 0.0

    def say(self, text: str, stage: Stage) -> None:
        """Print one line now."""
        self.settle()
        self._stage = stage
        self.console.write(f"{text}\r\n")
        self._tell()

    def load(self, loaded: NetworkSystem) -> None:
        """Run a system that came by the network; it stays in the record with each step it takes."""
        self.record.loaded = loaded
        self._changed()

    def boot_from_disk(self) -> float:
        """Go on from the local disk; returns the seconds until the login prompt."""
        self.record.loaded, self.record.way, self.record.disk_at = None, Way.DISK, self._clock()
        self._note("effect", "disk-boot", "machine", self.record.disk_at)
        self._changed()
        return self.print(self._disk_lines())

    def install(self, system: System) -> None:
        """The disk holds `system` from now on."""
        self.record.system = system
        self._note("effect", "installed", "machine", self._clock())
        self._changed()

    def reported(self) -> None:
        """The system on the disk owes no report any more."""
        self.record.system.base = ""
        self._changed()

    def restart(self) -> None:
        """The system that runs restarts the machine itself."""
        self._plan((0.0, "restart"))
        self.settle()

    def stop(self) -> None:
        """The system that runs switches the machine off itself."""
        self._plan((0.0, "off"))
        self.settle()

    # -- inside

    def _disk_lines(self) -> list[Line]:
        return disk_lines(self.identity, self.record.system, boots=self.record.boots)

    def _happen(self, action: str, at: float) -> None:
        if action == "off":
            self._go_off(at)
        elif action == "network":
            self._use_network()
        elif action == "on" and self.record.fault.kind is FaultKind.STUCK_OFF:
            self.record.has_power_fault, self.record.last_event = True, POWER_FAULT
            self._note("effect", "power-fault", "machine", at)
        else:
            self._boot(at, is_restart=action == "restart")

    def _boot(self, at: float, *, is_restart: bool) -> None:
        record = self.record
        record.boot_device = DEVICES.get(record.override.device, "default")
        if not record.override.is_persistent:
            record.override = BootOverride()
        record.is_on, record.has_power_fault, record.last_event = True, False, ON_BY_IPMI
        record.booted_at, record.stopping_at = at, None
        asks = self._card is not None and record.boot_device in ("network", "default")
        record.loaded, record.way = None, Way.NETWORK if asks else Way.LOCAL
        record.boots += 1
        self._note("effect", "restart" if is_restart else "power-on", "machine", at)
        self._abandon_network()
        self._print_boot()

    def _go_off(self, at: float) -> None:
        self.record.is_on, self.record.stopping_at, self.record.loaded = False, None, None
        self._abandon_network()
        self.console.silence()
        self.console.write("\r\n")
        self._stage = Stage.OFF
        self._note("effect", "power-off", "machine", at)

    def _print_boot(self) -> None:
        self._stage, self._shell = Stage.FIRMWARE, self._new_shell()
        record, start = self.record, self.record.booted_at
        if record.way is Way.NETWORK:
            lines = network_lines(self.identity, record.boot_device, boots=record.boots)
            record.due = [(start + lines[-1].after / self.pace, "network")]
        elif record.way is Way.DISK:
            lines, start = self._disk_lines(), record.disk_at
        else:
            lines = boot_lines(self.identity, record.boot_device, boots=record.boots, system=record.system)
        self.console.schedule(lines, start=start, pace=self.pace)

    def _use_network(self) -> None:
        if self._card is None:  # the boot service of yesterday's lab is gone
            self.boot_from_disk()
        else:
            self._card.begin(self)

    def _abandon_network(self) -> None:
        if self._card is not None:
            self._card.abandon(self)

    def _print_stop(self) -> None:
        self._stage = Stage.STOPPING
        lines = stop_lines(is_reboot=self.record.is_rebooting)
        self.console.schedule(lines, start=self.record.stopping_at or self._clock(), pace=self.pace)

    def _resume(self) -> None:
        """Be where the machine would be had this process never died."""
        if self.record.is_on:
            due = self.record.due
            self._print_boot()
            # What was on its way is, still; a boot from the network that was under way goes on.
            self.record.due = due or (self.record.due if self.record.way is Way.NETWORK else [])
            if self.record.stopping_at is not None:
                self.console.advance(self.record.stopping_at)
                self._print_stop()
            if self.record.system.base and self.record.way is Way.DISK:
                self._use_network()  # the system on the disk still owes its report
        self.settle()

    def _new_shell(self) -> Shell:
        return Shell(
            self.record.system.hostname or self.identity.name,
            KERNEL,
            uptime=lambda: self._clock() - self.record.booted_at,
            stop=lambda is_reboot: self.shut_down(by="console", is_reboot=is_reboot),
        )

    def _is_due(self, action: str) -> bool:
        return any(planned == action for _, planned in self.record.due)

    def _plan(self, *steps: tuple[float, str]) -> None:
        now = self._clock()
        self.record.due = [(now + after / self.pace, action) for after, action in steps]

    def _require_on(self, what: str, by: str) -> None:
        if not self.is_on:
            self._asked(f"{what} refused", by)
            raise NotWhileOff(f"{self.identity.name} is off; nothing was done. Switch it on first.")

    def _asked(self, what: str, by: str) -> None:
        self._note("command", what, by, self._clock())
        self._changed()
        self.settle()

    def _note(self, kind: str, what: str, by: str, at: float) -> None:
        self.record.note(Entry(at, kind, what, by))

    def _changed(self) -> None:
        for keeper in self._keepers:
            keeper()
        self._tell()

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            watcher()
