"""One virtual machine: a QEMU process with a disk, one network card, a serial line and a screen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.bmcs.identities import PORTS
from lab.bmcs.logs import log
from lab.qemu import children
from lab.qemu.serial_hub import SerialHub

LOWEST_SCREEN_PORT = 5900  # QEMU counts displays from there, as RFC 6143 section 6.1.1 suggests
# Zeroes leave no trace in the file: a disk that is wiped takes no room.
_DRIVE = "format=raw,cache=unsafe,discard=unmap,detect-zeroes=unmap"
# Two megabytes at once, then one a quarter of an hour: it is caught in the middle however late somebody looks.
_SLOW_DRIVE = f"{_DRIVE},throttling.bps-write=1024,throttling.bps-write-max={2 << 20}"
SERIAL_FOR_FIRMWARE = b"\xf8\x03"  # I/O port 0x3f8, little endian: BIOS and iPXE print there, too


@dataclass(frozen=True)
class Hardware:
    """What each machine of a rack is made of. As it is, it suits the rack's own small system.

    `firmware`: a directory with `code.fd` and `vars.fd` (UEFI, from OVMF) and `ipxe`, the medium that such a machine
    starts from when it is told to start from the network; none: a BIOS, whose network card brings iPXE.
    """

    accelerator: str = "tcg"
    memory_mb: int = 256
    disks: int = 1
    disk_bytes: int = 1_000_000_000
    firmware: Path | None = None


PLAIN = Hardware()


@dataclass(frozen=True)
class Screen:
    """Where a machine's screen is served by RFB while it is on."""

    name: str
    host: str
    port: int
    password: str


@dataclass(frozen=True)
class Wiring:
    """What does not change while a machine lives. `boot_url` is the boot service as guests reach it, or empty."""

    name: str
    directory: Path
    mac: str
    screen: Screen
    boot_url: str
    qemu: str
    longest_s: float
    hardware: Hardware = PLAIN


class VirtualMachine:
    """The QEMU process of one server. Killing it is cutting the power; a guest's own reboot stays inside."""

    def __init__(self, wiring: Wiring, serial: SerialHub) -> None:
        self._wiring = wiring
        self._serial = serial
        self._process: asyncio.subprocess.Process | None = None
        self._monitor: socket.socket | None = None
        self._limit: asyncio.TimerHandle | None = None
        self.has_network = True
        self.has_slow_disk = False
        self.starts = 0

    @property
    def is_on(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    def is_process(self, process: asyncio.subprocess.Process) -> bool:
        """Whether `process` is the one that this machine runs in now."""
        return self._process is process

    async def start(self, *, from_network: bool) -> asyncio.subprocess.Process:
        """Switch on; the first boot goes by the network if so asked, every other one from the disk."""
        self._make_disks()
        (self._wiring.directory / "serial-port").write_bytes(SERIAL_FOR_FIRMWARE)
        (self._wiring.directory / "screen-password").write_text(self._wiring.screen.password)
        line, line_of_guest = socket.socketpair()
        self._monitor, monitor_of_guest = socket.socketpair()
        self._monitor.setblocking(False)
        try:
            self._process = await children.start(
                self._command(line_of_guest, monitor_of_guest, from_network=from_network),
                directory=self._wiring.directory,
                log=self._wiring.directory / "qemu.log",
                pass_fds=(line_of_guest.fileno(), monitor_of_guest.fileno()),
            )
        finally:
            line_of_guest.close()
            monitor_of_guest.close()
        await self._serial.attach(line)
        self.starts += 1
        self._limit = asyncio.get_running_loop().call_later(self._wiring.longest_s, self._out_of_time)
        return self._process

    async def cut_power(self) -> None:
        """Off at once. Safe to call when it is off."""
        if self._process is not None:
            await children.kill(self._process)
        self.forget()

    def forget(self) -> None:
        """The process is gone: let go of what belonged to it."""
        if self._limit is not None:
            self._limit.cancel()
        if self._monitor is not None:
            self._monitor.close()
        self._process = self._monitor = self._limit = None

    def press_power_button(self) -> None:
        """What an orderly shutdown begins with; a guest that does not listen goes on."""
        if self._monitor is not None:
            words = ({"execute": "qmp_capabilities"}, {"execute": "system_powerdown"})
            with contextlib.suppress(OSError):
                self._monitor.send(b"".join(json.dumps(word).encode() + b"\n" for word in words))

    def _make_disks(self) -> None:
        hardware = self._wiring.hardware
        for number in range(hardware.disks):
            disk = self._wiring.directory / disk_file(number)
            if not disk.exists():
                with disk.open("wb") as file:
                    file.truncate(hardware.disk_bytes)  # sparse: an empty disk costs nothing
        memory = self._wiring.directory / "vars.fd"
        if hardware.firmware is not None and not memory.exists():
            shutil.copyfile(hardware.firmware / "vars.fd", memory)

    def _out_of_time(self) -> None:
        log("time-limit", level="warning", machine=self._wiring.name, seconds=self._wiring.longest_s)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _command(self, line: socket.socket, monitor: socket.socket, *, from_network: bool) -> list[str]:
        wiring = self._wiring
        network = "user,id=n0,ipv6=off"
        if wiring.boot_url:
            network += f",bootfile={wiring.boot_url}/boot/ipxe/{wiring.mac}"
        if not self.has_network:
            network = "hubport,id=n0,hubid=0"  # a link that is up, and nobody on it
        return [
            *(wiring.qemu, "-name", wiring.name, "-accel", wiring.hardware.accelerator),
            *("-m", str(wiring.hardware.memory_mb)),
            *("-display", "none", "-nodefaults", "-no-user-config", "-vga", "std"),
            *("-object", "secret,id=screen,file=screen-password"),
            *(
                "-vnc",
                f"{wiring.screen.host}:{wiring.screen.port - LOWEST_SCREEN_PORT},password-secret=screen",
            ),
            *("-fw_cfg", "name=etc/sercon-port,file=serial-port"),
            *("-device", "virtio-rng-pci"),
            *self._disks(),
            *("-netdev", network, "-device", f"virtio-net-pci,netdev=n0,mac={wiring.mac}"),
            *("-chardev", f"socket,id=serial,fd={line.fileno()}", "-serial", "chardev:serial"),
            *("-chardev", f"socket,id=monitor,fd={monitor.fileno()}"),
            *("-mon", "chardev=monitor,mode=control"),
            *self._firmware(from_network=from_network),
        ]

    def _disks(self) -> Iterator[str]:
        drive = _SLOW_DRIVE if self.has_slow_disk else _DRIVE
        for number in range(self._wiring.hardware.disks):
            yield from ("-drive", f"id=disk{number},file={disk_file(number)},if=none,{drive}")
            serial = disk_serial(self._wiring.mac, number)
            place = f",bootindex={number + 1}" if self._wiring.hardware.firmware else ""
            yield from ("-device", f"virtio-blk-pci,drive=disk{number},serial={serial}{place}")

    def _firmware(self, *, from_network: bool) -> Iterator[str]:
        """UEFI knows no "once": it asks the network before each start until it is switched off, as servers do."""
        firmware = self._wiring.hardware.firmware
        if firmware is None:
            yield from ("-boot", "strict=on,order=c,once=nc" if from_network else "strict=on,order=c")
            return
        yield from ("-drive", f"if=pflash,format=raw,readonly=on,file={firmware / 'code.fd'}")
        yield from ("-drive", "if=pflash,format=raw,file=vars.fd")
        if from_network:
            yield from ("-drive", f"id=ipxe,if=none,format=raw,readonly=on,file=fat:{firmware / 'ipxe'}")
            yield from ("-device", "qemu-xhci", "-device", "usb-storage,drive=ipxe,removable=on,bootindex=0")


def disk_file(number: int) -> str:
    """What the disk is called among the files of its machine."""
    return f"disk{number or ''}.raw"


def disk_serial(mac: str, number: int = 0) -> str:
    """What the disk says of itself: as the demo's inventory has it on record."""
    return f"DK{mac.replace(':', '')[-6:].upper()}{number}"


def guest_url(url: str) -> str:
    """`url` of a service on this machine's loopback, as guests reach it through QEMU's user networking."""
    return url.replace("://127.0.0.1", f"://{HOST_OF_GUESTS}").replace("://localhost", f"://{HOST_OF_GUESTS}")


def make_screen(name: str) -> Screen:
    """A loopback port that nobody has now, and a password for it.

    The machine listens there later, so it is none that the system gives to outgoing connections meanwhile.
    """
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            # RFC 6143, 7.2.2: eight characters count.
            return Screen(name, "127.0.0.1", port, secrets.token_urlsafe(6))
