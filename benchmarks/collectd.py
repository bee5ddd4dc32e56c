"""collectd's SNMP plugin: the peer that polls, computes rates and keeps them for its RRD files.

A fresh daemon reads every switch once, right after its start; the round lasts from the opening of its
control socket to the moment when all values are in its cache, looked at four times a second. What it writes to
RRD files later is left out, in its favour.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.halls import COMMUNITY, PORTS
from benchmarks.processes import BenchmarkError, running
from switches import oids
from tests.tools import need_tool

THREADS = 32
_LISTS = 3
_PATIENCE_S = 120.0
_LOOK_S = 0.25


def _configuration(directory: Path, targets: Sequence[int]) -> str:
    data = (
        ("octets", "if_octets", "", f'"{oids.IF_HC_IN_OCTETS}" "{oids.IF_HC_OUT_OCTETS}"'),
        ("status", "gauge", "status", f'"{oids.IF_OPER_STATUS}"'),
        ("discontinuity", "gauge", "disc", f'"{oids.IF_COUNTER_DISCONTINUITY_TIME}"'),
    )
    lists = "".join(
        f'<Data "{name}">\nType "{kind}"\nTable true\nInstancePrefix "{prefix}"\nValues {values}\n</Data>\n'
        for name, kind, prefix, values in data
    )
    hosts = "".join(
        f'<Host "s{target}">\nAddress "127.0.0.1:{target}"\nVersion 2\nCommunity "{COMMUNITY}"\n'
        'Collect "octets" "status" "discontinuity"\nInterval 3600\n</Host>\n'
        for target in targets
    )
    return (
        f'BaseDir "{directory}"\nPIDFile "{directory}/collectd.pid"\nTypesDB "/usr/share/collectd/types.db"\n'
        f"Interval 3600\nReadThreads {THREADS}\nCollectInternalStats false\n"
        "LoadPlugin snmp\nLoadPlugin rrdtool\nLoadPlugin unixsock\n"
        f'<Plugin rrdtool>\nDataDir "{directory}/rrd"\nCacheTimeout 7200\n</Plugin>\n'
        f'<Plugin unixsock>\nSocketFile "{directory}/collectd.sock"\nDeleteSocket true\n</Plugin>\n'
        f"<Plugin snmp>\n{lists}{hosts}</Plugin>\n"
    )


def poll(directory: Path, targets: Sequence[int]) -> tuple[float, float]:
    """Every target once; seconds of time and of CPU."""
    home = directory / "collectd"
    home.mkdir(exist_ok=True)
    settings, place, log = home / "collectd.conf", home / "collectd.sock", home / "log"
    settings.write_text(_configuration(home, targets))
    place.unlink(missing_ok=True)
    command = [need_tool("collectd"), "-f", "-C", str(settings)]
    with running(command, environment=dict(os.environ), log=log) as child:
        _wait(place)
        begun = time.perf_counter()
        wanted = PORTS * _LISTS * len(targets)
        while (found := _values(place)) < wanted:
            if time.perf_counter() - begun > _PATIENCE_S:
                raise BenchmarkError(f"collectd has {found} of {wanted} values: {log} says why.")
            time.sleep(_LOOK_S)
        seconds = time.perf_counter() - begun
        family = psutil.Process(child.pid)
        daemon = next(one for one in [family, *family.children(recursive=True)] if one.name() == "collectd")
        times = daemon.cpu_times()
        # It has thousands of values to write to files that nobody will read.
        daemon.kill()
    return seconds, times.user + times.system


def _wait(place: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while not place.exists():
        if time.monotonic() > end:
            raise BenchmarkError("collectd does not start")
        time.sleep(0.005)


def _values(place: Path) -> int:
    """How many values are in its cache."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        try:
            sock.connect(str(place))
            sock.sendall(b"LISTVAL\n")
            with sock.makefile("rb") as answer:
                return int(answer.readline().split()[0])
        except (ConnectionError, IndexError, ValueError):
            return 0
