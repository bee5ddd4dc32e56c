"""A boot network in a namespace of its own: dnsmasq with our configuration, the boot door, and machines on its switch.

Nothing of it can be reached from outside, and nothing outside from within. Needs root, iproute2 and dnsmasq.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from lab.qemu import packages
from lab.qemu.images import CACHE
from opsportal import boot_network
from stack import tether
from tests.chain.disks import bios_disk
from tests.chain.door import app
from tests.switches.namespaces import take_number
from tests.tools import need_tool
from tests.workers.site import until

ROOT = Path(__file__).resolve().parents[2]
NETWORK, HOST, PORT = "10.77.0.0/24", "10.77.0.1", 8000
BOOT_URL = f"http://{HOST}:{PORT}"
PATIENCE_S = 240.0
"""A machine starts in ten seconds on two idle cores; emulated on busy ones, in minutes."""
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)
_SERIAL_FOR_FIRMWARE = b"\xf8\x03"


class Door:
    """Our own application, which sees each machine's own address. For some it is as good as frozen."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.silent_for: set[str] = set()
        self.is_over = threading.Event()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                door.asked.append((unquote(self.path), self.client_address[0]))
                if any(self.path.endswith(mac) for mac in door.silent_for):
                    door.is_over.wait()
                    return
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["content-length"])))

            def _answer(self, body: bytes) -> None:
                told = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                answer = asyncio.run(_ask(self.command, self.path, body, told, self.client_address))
                self.send_response(answer.status_code)
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_words: object) -> None:
                pass

        return Handler


async def _ask(method: str, path: str, body: bytes, headers: dict[str, str], caller: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, client=tuple(caller[:2]))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=BOOT_URL) as client:
        return await client.request(method, path, content=body, headers=headers)


class Machine:
    """A QEMU machine whose firmware asks the network first. It ends when the block or we do."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._said = bytearray()
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        """Everything on its serial line until now, without line ends: they come wherever a line was full."""
        return self._said.decode("latin-1").replace("\r", "").replace("\n", "")

    def wait_for(self, text: str) -> None:
        """Until it has said this."""
        with self._news:
            assert self._news.wait_for(lambda: text in self.said or self._has_ended(), PATIENCE_S), self.said
        assert text in self.said, self.said

    def end(self) -> None:
        """Its power is cut."""
        self._process.terminate()
        self._process.wait(60)
        self._reader.join(60)

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def _read(self) -> None:
        assert self._process.stdout is not None
        while said := os.read(self._process.stdout.fileno(), 4096):
            with self._news:
                self._said += said
                self._news.notify_all()
        self._process.stdout.close()
        with self._news:
            self._process.wait(60)
            self._news.notify_all()


@dataclass
class BootNetwork:
    """The switch `br0` with dnsmasq and the door at HOST, and a card of somebody else's at `stranger`."""

    directory: Path
    inside: str
    outside: str
    door: Door
    log: Path
    lock: Path
    server: ThreadingHTTPServer
    machines: list[Machine]

    def close_door(self) -> None:
        """From now on nobody listens there; whoever waits for an answer goes on waiting."""
        self.server.shutdown()
        self.server.server_close()

    def start_bios(self, mac: str) -> Machine:
        """A machine with a BIOS and a network card that brings iPXE."""
        disk = bios_disk(self.directory / f"disk{len(self.machines)}.raw")
        drive = ("-drive", f"id=disk,file={disk},if=none,format=raw", "-device", "virtio-blk-pci,drive=disk")
        sercon = self.directory / "serial-port"
        sercon.write_bytes(_SERIAL_FOR_FIRMWARE)
        firmware = ("-fw_cfg", f"name=etc/sercon-port,file={sercon}", "-boot", "strict=on,order=nc")
        return self._start(mac, "", ["-m", "64", *firmware, *drive])

    def start_uefi(self, mac: str) -> Machine:
        """A machine with OVMF, no disk and a card without iPXE: firmware's own PXE client asks DHCP and TFTP."""
        firmware = packages.unpack("ovmf", CACHE / "packages") / "usr/share/OVMF"
        memory = self.directory / f"vars{len(self.machines)}.fd"
        shutil.copyfile(firmware / "OVMF_VARS_4M.fd", memory)
        options = [
            *("-m", "128", "-device", "virtio-rng-pci"),
            *("-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"),
            *("-drive", f"if=pflash,format=raw,readonly=on,file={firmware / 'OVMF_CODE_4M.fd'}"),
            *("-drive", f"if=pflash,format=raw,file={memory}"),
        ]
        return self._start(mac, ",romfile=,bootindex=1", options)

    def _start(self, mac: str, card: str, options: Sequence[str]) -> Machine:
        tap = f"tap{len(self.machines)}"
        _ip(f"-n {self.inside} tuntap add {tap} mode tap", f"-n {self.inside} link set {tap} master br0 up")
        command = [
            *(need_tool("qemu-system-x86_64"), "-accel", "tcg", "-display", "none", "-vga", "none"),
            *("-nodefaults", "-no-user-config", "-serial", "stdio", *options),
            *("-netdev", f"tap,id=n0,ifname={tap},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=n0,mac={mac}{card}"),
        ]
        machine = Machine(self.run(command))
        self.machines.append(machine)
        return machine

    def run(self, command: Sequence[str], *, output: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """A program inside that lives no longer than this process."""
        return subprocess.Popen(
            tether.tethered(self.lock, ["ip", "netns", "exec", self.inside, *command]),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip


@contextmanager
def running_boot_network(directory: Path) -> Iterator[BootNetwork]:
    """A boot network for the servers on record; afterwards nothing is left of it."""
    for tool in ("ip", "dnsmasq", "qemu-system-x86_64"):
        need_tool(tool)
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("network namespaces need root")
    number = take_number("ops-bn")
    inside, outside, door, lock = f"ops-bn{number}", f"ops-bo{number}", Door(), directory / "lock"
    try:
        _wire(inside, outside)
        server = _serve(inside, door)
        network = BootNetwork(directory, inside, outside, door, directory / "dnsmasq.log", lock, server, [])
        with tether.held(lock):
            dnsmasq = _start_dnsmasq(network)
            try:
                yield network
            finally:
                door.is_over.set()
                for machine in network.machines:
                    machine.end()
                dnsmasq.terminate()
                dnsmasq.wait(60)
                network.close_door()
    finally:
        for namespace in (inside, outside):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, stderr=subprocess.DEVNULL)


def _wire(inside: str, outside: str) -> None:
    _ip(
        f"netns add {outside}",
        f"-n {inside} link set lo up",
        # A port forwards from its first moment on, as switches are told to for servers' ports.
        f"-n {inside} link add br0 type bridge forward_delay 0 stp_state 0",
        f"-n {inside} addr add {HOST}/24 dev br0",
        f"-n {inside} addr add fd77::1/64 dev br0 nodad",
        f"-n {inside} link set br0 up",
        f"-n {inside} link add port0 type veth peer name card netns {outside}",
        f"-n {inside} link set port0 master br0 up",
        f"-n {outside} link set card up",
    )


def _ip(*commands: str) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


def _serve(inside: str, door: Door) -> ThreadingHTTPServer:
    listener = socket_in(inside, socket.SOCK_STREAM)
    server = ThreadingHTTPServer((HOST, PORT), door.handler(), bind_and_activate=False)
    server.daemon_threads, server.block_on_close = True, False
    server.socket.close()
    server.socket = listener
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, PORT))
    server.server_activate()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def socket_in(namespace: str, kind: int) -> socket.socket:
    """A socket of that namespace: it belongs to where the thread was that made it, and only that thread was there."""
    made: list[socket.socket] = []

    def make() -> None:
        with Path("/run/netns", namespace).open() as file:
            assert _LIBC.setns(file.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        made.append(socket.socket(socket.AF_INET, kind))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def _start_dnsmasq(network: BootNetwork) -> subprocess.Popen[bytes]:
    """The configuration as an operator has it written; the TFTP root with Debian's iPXE in it."""
    root, into = network.directory / "tftp", network.directory / "boot-host"
    root.mkdir()
    words = ["--into", str(into), "--tftp-root", str(root), "--interface", "br0", "--network", NETWORK]
    boot_network.main(words)
    ipxe = packages.unpack("ipxe", CACHE / "packages")
    shutil.copyfile(ipxe / "usr/lib/ipxe/snponly.efi", root / "snponly.efi")
    shutil.copyfile(ipxe / "usr/lib/ipxe/undionly.kpxe", root / "undionly.kpxe")
    shutil.copyfile(into / "boot.ipxe", root / "boot.ipxe")
    program = need_tool("dnsmasq")
    tested = subprocess.run(
        [program, "--test", f"--conf-file={into / 'dnsmasq.conf'}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tested.returncode, tested.stderr) == (0, "dnsmasq: syntax check OK.\n")
    command = [
        *(program, "--keep-in-foreground", "--log-facility=-", f"--conf-file={into / 'dnsmasq.conf'}"),
        *(f"--dhcp-leasefile={network.directory / 'leases'}", f"--pid-file={network.directory / 'pid'}"),
        # Machines of the directory that only this user may enter; and an IPv6 router, for which iPXE waits in vain
        # otherwise (16 s).
        *("--user=root", "--enable-ra", "--dhcp-range=::,constructor:br0,ra-only"),
    ]
    with network.log.open("wb") as log:
        process = network.run(command, output=log.fileno())
    until(lambda: "TFTP root is" in network.log.read_text() or process.poll() is not None, timeout=PATIENCE_S)
    assert process.poll() is None, network.log.read_text()
    return process


def offers(network: BootNetwork, *macs: str) -> dict[str, tuple[str, str]]:
    """What firmware without iPXE is offered, by MAC: address and name of the file. Asked in this order, until the

    last one has its answer: whoever has none by then gets none.
    """
    card = socket_in(network.outside, socket.SOCK_DGRAM)
    with card:
        card.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        card.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"card\0")
        card.bind(("0.0.0.0", 68))
        card.settimeout(PATIENCE_S)
        for mac in macs:
            card.sendto(_discover(mac), ("255.255.255.255", 67))
        found: dict[str, tuple[str, str]] = {}
        while macs[-1] not in found:
            answer = card.recv(2048)
            mac, address = answer[28:34].hex(":"), socket.inet_ntoa(answer[16:20])
            found[mac] = (address, answer[108:236].split(b"\0")[0].decode())
        return found


def _discover(mac: str) -> bytes:
    """DHCPDISCOVER (RFC 2131) of a BIOS's PXE (RFC 4578), answered by broadcast."""
    hardware = bytes.fromhex(mac.replace(":", ""))
    fixed = struct.pack("!BBBBIHH16x16s64x128x", 1, 1, 6, 0, int(hardware[-1]), 0, 0x8000, hardware)
    vendor = b"PXEClient:Arch:00000:UNDI:002001"
    options = (
        b"\x63\x82\x53\x63" + b"\x35\x01\x01" + b"\x3c" + bytes([len(vendor)]) + vendor + b"\x5d\x02\0\0"
    )
    return fixed + options + b"\x37\x01\x01\xff"
