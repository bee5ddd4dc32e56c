"""snmpsim's agents for tests: one community a switch, its MIB written by the test."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import switches
from stack import tether
from switches.errors import SwitchUnreachable
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
UPTIME = "1.3.6.1.2.1.1.3.0"
TABLE_CHANGED = "1.3.6.1.2.1.31.1.5.0"
IF = "1.3.6.1.2.1.2.2.1"
IFX = "1.3.6.1.2.1.31.1.1.1"
COUNTER32, GAUGE, TICKS, COUNTER64, TEXT, INTEGER = 65, 66, 67, 70, 4, 2

Mib = dict[str, tuple[int | str, object]]


def mib(
    ports: Mapping[int, str],
    *,
    octets: Mapping[str, tuple[int, int]] | None = None,
    uptime_cs: int = 5_000_000,
    changed_cs: int = 100,
    speed_mbps: int = 1_000,
) -> Mib:
    """A usual switch: ports by ifIndex; counters stand still, the clock runs."""
    made: Mib = {
        UPTIME: ("67:numeric", f"rate=100,initial={uptime_cs},wrap=1"),
        TABLE_CHANGED: (TICKS, changed_cs),
    }
    for index, name in ports.items():
        octets_in, octets_out = (octets or {}).get(name, (index * 1_000, index * 2_000))
        made |= {
            f"{IF}.8.{index}": (INTEGER, 1),
            f"{IFX}.1.{index}": (TEXT, name),
            f"{IFX}.6.{index}": (COUNTER64, octets_in),
            f"{IFX}.10.{index}": (COUNTER64, octets_out),
            f"{IFX}.15.{index}": (GAUGE, speed_mbps),
            f"{IFX}.19.{index}": (TICKS, 0),
        }
    return made


def _order(oid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in oid.split("."))


@dataclass
class Simulator:
    """A running snmpsim: all switches on one port, told apart by community."""

    data: Path
    port: int

    def write(self, community: str, content: Mib) -> None:
        """Before it starts: snmpsim reads its directory once."""
        lines = (f"{oid}|{content[oid][0]}|{content[oid][1]}\n" for oid in sorted(content, key=_order))
        (self.data / f"{community}.snmprec").write_text("".join(lines))


@contextmanager
def running_simulator(directory: Path, mibs: Mapping[str, Mib]) -> Iterator[Simulator]:
    """snmpsim with these switches by community, ended with the block or with us."""
    data = directory / "data"
    data.mkdir(parents=True)
    simulator = Simulator(data, free_port())
    for community, content in mibs.items():
        simulator.write(community, content)
    code = (
        "from pathlib import Path; from lab.switch.responder import respond;"
        f" respond(Path({str(directory)!r}), {simulator.port}, ('numeric', 'error'))"
    )
    lock = directory / "lock"
    with tether.held(lock), (directory / "log").open("wb") as log:
        child = subprocess.Popen(
            tether.tethered(lock, [sys.executable, "-c", code]),
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(simulator, next(iter(mibs)), child, directory / "log")
            yield simulator
        finally:
            child.terminate()
            child.wait(60)


def _wait(simulator: Simulator, community: str, child: subprocess.Popen[bytes], log: Path) -> None:
    agent = switches.Agent("127.0.0.1", simulator.port, community=community)
    deadline = time.monotonic() + PATIENCE_S
    while True:
        answer = switches.poll_switches({1: switches.PollRequest(agent, [])}, timeout_s=1.0, tries=1)[1]
        if not isinstance(answer, SwitchUnreachable):
            return
        assert child.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
