"""Real BMCs to test against: OpenIPMI's `ipmi_sim`, which nobody here wrote, and a machine of files.

    def test_something(start_bmc: StartBmc) -> None:
        bmc = start_bmc()                       # or start_bmc(password="...", is_on=False)
        ...                                     # hand bmc.endpoint to the code under test
        assert bmc.power() == "off"
        assert bmc.commands() == ["power off"]  # the machine touched exactly as intended

Elsewhere: `from tests.bmc.ipmi_sim import start_bmc` in a conftest, or `with running_bmc(tmp_path) as bmc`.
A BMC takes about 40 ms to start, a fleet of 300 one to three seconds.
"""

from __future__ import annotations

import ctypes
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

import bmc
from tests.ports import free_port
from tests.tools import need_tool

StartBmc = Callable[..., "SimulatedBmc"]

_CHASSIS = Path(__file__).with_name("chassis.sh")
_PR_SET_PDEATHSIG = 1
_START_S = 60.0
_LIBC = ctypes.CDLL(None)

_LAN = """\
name "node"
set_working_mc 0x20
  startlan 1
    addr {host} {port}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789{port:06x}
  endlan
  chassis_control "{chassis} {directory}"
  user 2 true "{username}" "{password}" admin 10 md5
"""
_EMULATION = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""
# Get Channel Authentication Capabilities outside of a session (IPMI v2.0 sections 13.6 and 22.13).
_ANYBODY_THERE = bytes.fromhex("0600ff0700000000000000000009 2018c88100388e04b5")


@dataclass(frozen=True, slots=True)
class SimulatedBmc:
    """One ipmi_sim process, the files of its machine, and its faults."""

    endpoint: bmc.Endpoint
    directory: Path
    process: subprocess.Popen[bytes]

    def power(self) -> bmc.PowerState:
        """The machine's power as it really is."""
        return _STATES[(self.directory / "power").read_text().strip()]

    def switch(self, state: bmc.PowerState) -> None:
        """Somebody presses the button on the machine: no command."""
        fresh = self.directory / "power.new"  # replaced as a whole: its BMC may read it now
        fresh.write_text(f"{int(state == bmc.PowerState.ON)}\n")
        fresh.replace(self.directory / "power")

    def commands(self) -> list[str]:
        """Every command that reached the machine, in order: "power off", "power on", "reset 1" ..."""
        lines = (self.directory / "commands").read_text().splitlines()
        return [_WORDS.get(line, line) for line in lines]

    def fall_silent(self) -> None:
        """Stop answering. Packets that arrive meanwhile wait in the socket, as at a hung BMC."""
        self.process.send_signal(signal.SIGSTOP)

    def wake_up(self) -> None:
        """Answer again, first what has queued up."""
        self.process.send_signal(signal.SIGCONT)

    def ignore_commands(self, is_on: bool = True) -> None:
        """Acknowledge commands and do nothing."""
        self._set_fault("ignores", is_on)

    def refuse_commands(self, is_on: bool = True) -> None:
        """Answer commands with a completion code other than success."""
        self._set_fault("refuses", is_on)

    def answer_slowly(self, seconds: float) -> None:
        """Take so long for every request that concerns the chassis; 0 heals."""
        self._set_fault("slow_answer", seconds > 0, str(seconds))

    def follow_slowly(self, seconds: float) -> None:
        """Acknowledge at once; the machine follows so much later. 0 heals."""
        self._set_fault("slow_machine", seconds > 0, str(seconds))

    def stop(self) -> None:
        """Pull the plug of the BMC: the port is closed from now on."""
        self.process.kill()
        self.process.wait()

    def _set_fault(self, name: str, is_on: bool, content: str = "") -> None:
        path = self.directory / name
        if is_on:
            path.write_text(content + "\n")
        else:
            path.unlink(missing_ok=True)


_STATES = {"1": bmc.PowerState.ON, "0": bmc.PowerState.OFF}
_WORDS = {"power 1": "power on", "power 0": "power off"}


@contextmanager
def running_bmc(
    directory: Path,
    *,
    username: str = "admin",
    password: str = "s3cret",
    is_on: bool = True,
    host: str = "127.0.0.1",
    port: int | None = None,
    furniture: str = "",
) -> Iterator[SimulatedBmc]:
    """Run one BMC in `directory` (created) for a `with` block; it answers when the block begins.

    `furniture`: more commands of the simulator, such as those of `tests.bmc.furnished`.
    """
    endpoint = bmc.Endpoint(host, port or free_port(host), username=username, password=password)
    _write_files(directory, endpoint, is_on=is_on, furniture=furniture)
    simulated = _start(directory, endpoint)
    try:
        _wait_until_it_answers(simulated)
        yield simulated
    finally:
        simulated.stop()


@contextmanager
def running_fleet(directory: Path, count: int) -> Iterator[list[SimulatedBmc]]:
    """Run `count` BMCs whose machines are on, each at an own loopback address, on one port. Linux only."""
    port = free_port("")
    fleet: list[SimulatedBmc] = []
    try:
        for number in range(count):
            host = f"127.77.{number // 250}.{number % 250 + 1}"
            endpoint = bmc.Endpoint(host, port, username="admin", password="s3cret")
            _write_files(directory / str(number), endpoint, is_on=True)
            fleet.append(_start(directory / str(number), endpoint))
        for simulated in fleet:
            _wait_until_it_answers(simulated)
        yield fleet
    finally:
        for simulated in fleet:
            simulated.process.kill()
        for simulated in fleet:
            simulated.process.wait()


def restart(simulated: SimulatedBmc) -> SimulatedBmc:
    """Start a BMC that was stopped again, with the same address and machine. Not waited for."""
    return _start(simulated.directory, simulated.endpoint)


@pytest.fixture
def start_bmc(tmp_path: Path) -> Iterator[StartBmc]:
    """Starts BMCs with the arguments of `running_bmc`; all of them end with the test."""
    with ExitStack() as running:
        count = 0

        def start(**how: object) -> SimulatedBmc:
            nonlocal count
            count += 1
            return running.enter_context(running_bmc(tmp_path / f"bmc{count}", **how))  # type: ignore[arg-type]

        yield start


def _write_files(directory: Path, endpoint: bmc.Endpoint, *, is_on: bool, furniture: str = "") -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "state").mkdir(exist_ok=True)
    (directory / "power").write_text(f"{int(is_on)}\n")
    (directory / "commands").touch()
    (directory / "bmc.emu").write_text(_EMULATION + furniture)
    lan = _LAN.format(
        host=endpoint.host,
        port=endpoint.port,
        chassis=_CHASSIS,
        directory=directory,
        username=endpoint.username,
        password=endpoint.password,
    )
    (directory / "lan.conf").write_text(lan)


def _start(directory: Path, endpoint: bmc.Endpoint) -> SimulatedBmc:
    command = [need_tool("ipmi_sim"), "-c", "lan.conf", "-f", "bmc.emu", "-s", "state", "-n"]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_end_with_parent,
        )
    return SimulatedBmc(endpoint, directory, process)


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until_it_answers(simulated: SimulatedBmc) -> None:
    end = time.monotonic() + _START_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((simulated.endpoint.host, simulated.endpoint.port))
        wait_s = 0.005
        while time.monotonic() < end and simulated.process.poll() is None:
            sock.settimeout(wait_s)
            wait_s = min(wait_s * 2, 0.2)
            with suppress(OSError):  # refused: the port is not open yet; timed out: nobody reads it yet
                sock.send(_ANYBODY_THERE)
                if sock.recv(256):
                    return
            time.sleep(0.002)
    output = (simulated.directory / "output").read_text()
    raise RuntimeError(f"ipmi_sim did not start at {simulated.endpoint}: {output}")
