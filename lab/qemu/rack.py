"""All servers of one state directory, owned by one process: whatever it started ends with it.

`ipmi_sim` and QEMU are its children and die by the kernel's hand when it is gone (PR_SET_PDEATHSIG), each
virtual machine has a longest running time, and only so many run at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from lab.bmcs.answering import ControlServer, NotInTime, UnknownRequest
from lab.bmcs.boot_clients import HOST
from lab.bmcs.files import find_json, write_json
from lab.bmcs.identities import Model, Roster
from lab.bmcs.logs import log
from lab.bmcs.serving import claimed, stopped
from lab.qemu.racked_servers import RackedServer
from lab.qemu.virtual_machines import PLAIN, Hardware, Screen, Wiring, guest_url, make_screen

MODELS: tuple[Model, ...] = (
    ("QEMU Standard PC (i440FX + PIIX)", "QEMU Virtual CPU version 2.5+", 1, 1, "1 x 1 GB virtio"),
)
LONGEST_WAIT = 600.0
_SEARCHED = os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"])


class ProgramMissing(Exception):
    """QEMU or ipmi_sim is not installed."""

    code = "lab_program_missing"


class Rack:
    """The servers of `directory`. `boot_url` is the boot service on loopback, empty for none.

    `mac` puts the one server of the rack in the place of another.
    """

    def __init__(
        self,
        directory: Path,
        *,
        servers: int,
        boot_url: str,
        longest_s: float,
        mac: str = "",
        hardware: Hardware = PLAIN,
    ) -> None:
        self._directory = directory
        self._count = servers
        self._boot_url = guest_url(boot_url)
        self._longest_s = longest_s
        self._mac = mac
        self._hardware = hardware
        self.servers: dict[str, RackedServer] = {}

    async def open(self) -> None:
        """Every BMC answers when this returns. Raises ProgramMissing, OSError, StateUnreadable."""
        qemu, ipmi_sim = program("qemu-system-x86_64"), program("ipmi_sim")
        screens = self._screens()
        for identity, wire in Roster(self._directory, models=MODELS).open(self._count):
            wire.close()  # it kept the port free for the BMC
            known = replace(identity, boot_ip=HOST, mac=self._mac or identity.mac)
            wiring = Wiring(
                name=known.name,
                directory=self._directory / "machines" / known.name,
                mac=known.mac,
                screen=screens[known.name],
                boot_url=self._boot_url,
                qemu=qemu,
                longest_s=self._longest_s,
                hardware=self._hardware,
            )
            server = RackedServer(known, wiring, ipmi_sim=ipmi_sim)
            self.servers[known.name] = server
            await server.open()

    async def close(self) -> None:
        """Everything off."""
        await asyncio.gather(*(server.close() for server in self.servers.values()))

    def publish(self) -> None:
        """Write `fleet.json`: from now on everybody may talk to the BMCs in it."""
        listed = [asdict(server.identity) for server in self.servers.values()]
        write_json(self._directory / "fleet.json", listed, is_durable=True)

    def _screens(self) -> dict[str, Screen]:
        """Each server's screen keeps its port and password from one start to the next (`screens.json`)."""
        file = self._directory / "screens.json"
        rows = (find_json(file) or {"screens": []})["screens"]
        known = {row["name"]: Screen(**row) for row in rows}
        for number in range(1, self._count + 1):
            name = f"node-{number:03d}"
            known.setdefault(name, make_screen(name))
        write_json(file, {"screens": [asdict(screen) for screen in known.values()]})
        return known


def program(name: str) -> str:
    """The path of a program of the system. Raises ProgramMissing."""
    path = shutil.which(name, path=_SEARCHED)
    if path is None:
        raise ProgramMissing(f"{name} is not installed: see requirements-apt.txt.")
    return path


async def answer(servers: dict[str, RackedServer], request: dict[str, Any]) -> Any:
    """The operations of `lab.bmcs.control` that make sense here: list, show, press, unplug, plug, wait;

    `fault` knows `no-dhcp` and `slow-disk`, `wait` also takes a `text` that the console is to print after `since`.
    """
    op, lines = request.get("op"), int(request.get("lines", 0))
    if op == "list":
        return [server.summary(lines=lines) for server in servers.values()]
    server = servers.get(str(request.get("name")))
    if server is None:
        raise UnknownRequest(f"There is no machine {request.get('name')!r}; nothing was done.")
    if op == "wait":
        await _wait(server, request)
    elif op != "show":
        await _act(server, request)
    return server.summary(lines=lines)


async def _act(server: RackedServer, request: dict[str, Any]) -> None:
    op = request.get("op")
    if op == "press" and request.get("button") in ("on", "off", "soft", "reset"):
        server.press(str(request["button"]))
    elif op == "unplug":
        await server.unplug()
    elif op == "plug":
        await server.plug()
    elif op == "type":
        server.serial.type(str(request.get("text", "")))
    elif op == "clear":
        server.machine.has_network, server.machine.has_slow_disk = True, False
    elif op == "fault" and request.get("kind") == "no-dhcp":
        server.machine.has_network = False
    elif op == "fault" and request.get("kind") == "slow-disk":
        server.machine.has_slow_disk = True
    else:
        raise UnknownRequest(f"There is no operation {op!r} like that; nothing was done.")


async def _wait(server: RackedServer, request: dict[str, Any]) -> None:
    timeout = float(request.get("timeout", 10.0))
    if not 0 <= timeout <= LONGEST_WAIT or ("text" in request) == ("power" in request):
        raise UnknownRequest(f"wait takes either a text or a power, and 0 to {LONGEST_WAIT:.0f} seconds.")
    changed = asyncio.Event()
    unwatch = server.watch(changed.set)
    try:
        async with asyncio.timeout(timeout):
            while not _is_there(server, request):
                changed.clear()
                await changed.wait()
    except TimeoutError:
        tail = server.serial.console.last_lines(3)
        raise NotInTime(f"{server.identity.name} is not there after {timeout:g} s: {tail}") from None
    finally:
        unwatch()


def _is_there(server: RackedServer, request: dict[str, Any]) -> bool:
    if "power" in request:
        return bool(server.machine.is_on == (request["power"] == "on"))
    return str(request["text"]) in server.serial.console.since(int(request.get("since", 0)))


def serve(
    directory: Path,
    *,
    servers: int,
    boot_url: str,
    longest_s: float,
    mac: str = "",
    hardware: Hardware = PLAIN,
    with_parent: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises ProgramMissing, DirectoryInUse, StateUnreadable, OSError."""
    parent = os.getppid() if with_parent else None
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with claimed(directory):
        (directory / "fleet.json").unlink(missing_ok=True)  # it means "they answer", which is not true yet
        rack = Rack(
            directory,
            servers=servers,
            boot_url=boot_url,
            longest_s=longest_s,
            mac=mac,
            hardware=hardware,
        )
        asyncio.run(_serve(rack, directory, parent=parent))
    log("stopped")


async def _serve(rack: Rack, directory: Path, *, parent: int | None) -> None:
    started, stop = time.monotonic(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    control = ControlServer(partial(answer, rack.servers), directory)
    try:
        await rack.open()
        await control.start()
        rack.publish()
        log("ready", servers=len(rack.servers), seconds=time.monotonic() - started)
        await stopped(stop, parent=parent)
    finally:
        with contextlib.suppress(OSError):
            (directory / "fleet.json").unlink(missing_ok=True)
        await control.close()
        await rack.close()
