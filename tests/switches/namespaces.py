"""A switch that really forwards: net-snmp's snmpd in a network namespace, its ports veth pairs to another one.

Bytes are counted by the kernel. Needs root, iproute2 and snmpd.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import switches
from stack import tether
from stack.disposable import Run
from switches.errors import SwitchUnreachable
from tests import addresses
from tests.tools import need_tool

AFTER_BROWSERS = [pytest.mark.xdist_group("e2e-machines"), pytest.mark.timeout(1_800)]
"""Of every module with such a switch, whose wires have addresses of this machine (see `tests/addresses.py`): they run
after the longer half of the browser tests, and wait for the other half."""
PATIENCE_S = 60.0
_NUMBERS = 254
V3 = {
    "username": "v3sha",
    "auth_protocol": "sha1",
    "auth_password": "authpass1",
    "priv_protocol": "aes128",
    "priv_password": "privpass1",
}

SENDER = """
import socket, sys, time
name, frames, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((name, 0))
frame = b"\\xff" * 6 + b"\\x02" * 6 + b"\\x88\\xb5" + bytes(size - 14)  # IEEE 802 local experimental
for number in range(frames):
    link.send(frame)
    if number % 100 == 99:
        time.sleep(0.0005)
"""


@dataclass
class RealSwitch:
    """Ports port1 … portN, whose other ends are srv1 … srvN in the namespace of the servers."""

    ports: int
    host: str
    inside: str
    servers: str

    @property
    def agent(self) -> switches.Agent:
        return switches.Agent(self.host, community="public")

    def from_server(self, number: int, *, frames: int, size: int) -> None:
        """A server sends frames: its port's ifInOctets grow."""
        self._send(self.servers, f"srv{number}", frames, size)

    def to_server(self, number: int, *, frames: int, size: int) -> None:
        """The network sends frames to a server: its port's ifOutOctets grow."""
        self._send(self.inside, f"port{number}", frames, size)

    def _send(self, namespace: str, name: str, frames: int, size: int) -> None:
        command = [
            "ip",
            "netns",
            "exec",
            namespace,
            sys.executable,
            "-c",
            SENDER,
            name,
            str(frames),
            str(size),
        ]
        subprocess.run(command, check=True, timeout=60)


@contextmanager
def running_switch(run: Run, directory: Path, *, ports: int) -> Iterator[RealSwitch]:
    """snmpd and its ports for the block; afterwards nothing is left of them."""
    need_tool("ip")
    need_tool("snmpd")
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("network namespaces need root")
    with addresses.changing(run), _running_switch(directory, ports) as switch:
        yield switch


@contextmanager
def _running_switch(directory: Path, ports: int) -> Iterator[RealSwitch]:
    mark = take_number("ops-sw")
    subnet = f"169.254.{mark}"
    inside, servers, outside = f"ops-sw{mark}", f"ops-sv{mark}", f"opsm{mark}"
    switch = RealSwitch(ports, f"{subnet}.2", inside, servers)
    try:
        _wire(switch, outside, subnet)
        with running_snmpd(switch, directory):
            yield switch
    finally:
        for namespace in (inside, servers):
            subprocess.run(["ip", "netns", "delete", namespace], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["ip", "link", "delete", outside], check=False, stderr=subprocess.DEVNULL)


def take_number(prefix: str) -> int:
    """A number that no other process of this machine has: whoever makes the namespace has it."""
    for offset in range(_NUMBERS):
        number = (os.getpid() + offset) % _NUMBERS + 1
        made = subprocess.run(["ip", "netns", "add", f"{prefix}{number}"], check=False, capture_output=True)
        if made.returncode == 0:
            return number
    raise AssertionError(f"no namespace could be made: {made.stderr!r}")


def _wire(switch: RealSwitch, outside: str, subnet: str) -> None:
    quiet = "net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1"  # no frames of its own
    commands = [f"netns add {switch.servers}"]
    commands += [f"netns exec {name} sysctl -qw {quiet}" for name in (switch.inside, switch.servers)]
    commands += [
        f"link add {outside} type veth peer name mgmt netns {switch.inside}",
        f"addr add {subnet}.1/30 dev {outside}",
        f"link set {outside} up",
        f"-n {switch.inside} addr add {subnet}.2/30 dev mgmt",
        f"-n {switch.inside} link set mgmt up",
        f"-n {switch.inside} link set lo up",
    ]
    for number in range(1, switch.ports + 1):
        pair = f"port{number} type veth peer name srv{number} netns {switch.servers}"
        commands += [
            f"-n {switch.inside} link add {pair}",
            f"-n {switch.inside} link set port{number} up",
            f"-n {switch.servers} link set srv{number} up",
        ]
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


@contextmanager
def running_snmpd(
    switch: RealSwitch, directory: Path, *, configuration: str = "", port: int = 161
) -> Iterator[switches.Agent]:
    """An agent inside the switch; another one on another port sees the same counters."""
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "sw.conf"  # a snmpd.conf in SNMP_PERSISTENT_DIR would be written to by snmpd
    settings.write_text(
        "rocommunity public\n"
        f"createUser {V3['username']} SHA {V3['auth_password']} AES {V3['priv_password']}\n"
        f"rouser {V3['username']} priv\n{configuration}\n"
    )
    command = [need_tool("snmpd"), "-f", "-C", "-c", str(settings), "-Lf", str(directory / "log")]
    command.append(f"udp:{switch.host}:{port}")
    agent = switches.Agent(switch.host, port, community="public")
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(directory / "var"), "MIBS": ""}
    lock = directory / "lock"
    with tether.held(lock):
        child = subprocess.Popen(
            tether.tethered(lock, ["ip", "netns", "exec", switch.inside, *command]),
            cwd=Path(__file__).resolve().parents[2], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(agent, directory / "log")
            yield agent
        finally:
            child.terminate()
            child.wait(60)


def _wait(agent: switches.Agent, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while isinstance(
        switches.poll_switches({1: switches.PollRequest(agent, [])}, timeout_s=1.0, tries=1)[1],
        SwitchUnreachable,
    ):
        assert time.monotonic() < deadline, log.read_text() if log.exists() else "snmpd did not start"
        time.sleep(0.05)
