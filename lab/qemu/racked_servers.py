"""A server of the rack: BMC, virtual machine and serial line, and what the chassis does when it is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any

from lab.bmcs.answering import NotWhileOff
from lab.bmcs.identities import Identity
from lab.bmcs.logs import log
from lab.qemu.serial_hub import SerialHub
from lab.qemu.simulated_bmcs import SimulatedBmc
from lab.qemu.virtual_machines import VirtualMachine, Wiring

ORDERS = "orders"
_LONGEST_ORDERS = 4096


class RackedServer:
    """Orders come from the BMC one after another, as lines of a pipe, and are carried out in that order."""

    def __init__(self, identity: Identity, wiring: Wiring, *, ipmi_sim: str) -> None:
        self.identity = identity
        self.directory = wiring.directory
        self.serial = SerialHub(wiring.directory / "serial.log", on_text=self._tell)
        self.machine = VirtualMachine(wiring, self.serial)
        self.bmc = SimulatedBmc(identity, wiring.directory, program=ipmi_sim)
        self.is_plugged = True
        self.orders: list[str] = []
        self._next_boot = "default"
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._pipe = -1
        self._tasks: set[asyncio.Task[None]] = set()
        self._watchers: list[Callable[[], None]] = []

    async def open(self) -> None:
        """The BMC answers when this returns; the machine is as it was left: off."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._show("power", "0")
        self._show("boot", "default")
        self._open_pipe()
        await self.serial.open()
        await self.bmc.start(sol_port=self.serial.port)
        self._keep(self._obey())

    async def close(self) -> None:
        """Everything off; nothing of it runs any more."""
        if self._pipe >= 0:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.bmc.stop()
        await self.machine.cut_power()
        await self.serial.close()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` after each change; returns the function that ends it."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def order(self, words: str) -> None:
        """As from the BMC: `power 1`, `power 0`, `reset 1`, `shutdown 1`, `boot pxe`."""
        self._waiting.put_nowait(words)

    def press(self, button: str) -> None:
        """A button on its front. Raises NotWhileOff."""
        if button in ("reset", "soft") and not self.machine.is_on:
            raise NotWhileOff(f"{self.identity.name} is off; nothing was done. Switch it on first.")
        self.order({"on": "power 1", "off": "power 0", "soft": "shutdown 1", "reset": "reset 1"}[button])

    async def unplug(self) -> None:
        """Machine and BMC are dead at once."""
        self.is_plugged = False
        await self.bmc.stop()
        await self._off()

    async def plug(self) -> None:
        """The BMC comes back, the machine stays off (restore policy *always off*)."""
        if not self.is_plugged:
            self.is_plugged = True
            await self.bmc.start(sol_port=self.serial.port)

    def summary(self, *, lines: int) -> dict[str, Any]:
        """What is worth knowing about it."""
        return {
            "name": self.identity.name,
            "port": self.identity.port,
            "power": "on" if self.machine.is_on else "off",
            "is_plugged": self.is_plugged,
            "has_network": self.machine.has_network,
            "next_boot": self._next_boot,
            "starts": self.machine.starts,
            "orders": self.orders[-50:],
            "written": self.serial.console.written,
            "console": self.serial.console.last_lines(lines),
        }

    def _open_pipe(self) -> None:
        pipe = self.directory / ORDERS
        pipe.unlink(missing_ok=True)
        os.mkfifo(pipe, 0o600)
        # For both directions: it does not end when a writer goes, and needs none to be opened.
        self._pipe = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._pipe, self._hear)

    def _hear(self) -> None:
        # A line is written at once and shorter than PIPE_BUF, so it arrives whole.
        for words in os.read(self._pipe, _LONGEST_ORDERS).decode("ascii", "replace").splitlines():
            self.order(words)

    async def _obey(self) -> None:
        while True:
            words = await self._waiting.get()
            self.orders.append(words)
            log("order", machine=self.identity.name, what=words)
            await self._carry_out(words)
            self._tell()

    async def _carry_out(self, words: str) -> None:
        what, _, value = words.partition(" ")
        if what == "boot":
            self._next_boot = value if value != "none" else "default"
            self._show("boot", self._next_boot)
        elif not self.is_plugged:
            return
        elif words == "power 1" and not self.machine.is_on:
            await self._on()
        elif words == "power 0":
            await self._off()
        elif what == "reset" and self.machine.is_on:
            await self._off()
            await self._on()
        elif what == "shutdown":
            self.machine.press_power_button()

    async def _on(self) -> None:
        from_network, self._next_boot = self._next_boot == "pxe", "default"
        self._show("boot", self._next_boot)
        process = await self.machine.start(from_network=from_network)
        self._show("power", "1")
        self._keep(self._notice_end(process))
        self._tell()

    async def _off(self) -> None:
        await self.machine.cut_power()
        self._show("power", "0")
        self._tell()

    async def _notice_end(self, process: asyncio.subprocess.Process) -> None:
        """A guest that powers off ends its QEMU: the chassis shows that."""
        await process.wait()
        if self.machine.is_process(process):
            log("power-off", machine=self.identity.name, code=process.returncode)
            self.machine.forget()
            self._show("power", "0")
            self._tell()

    def _show(self, name: str, value: str) -> None:
        """What the chassis program reads, replaced as a whole."""
        fresh = self.directory / f".{name}"
        fresh.write_text(f"{value}\n")
        fresh.rename(self.directory / name)

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            watcher()
