"""Prometheus' snmp_exporter: the peer that polls and stores nothing. Its answers are read and thrown away."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.halls import COMMUNITY, PORTS
from benchmarks.places import free_port
from benchmarks.processes import BenchmarkError, running, wait_until_answering
from tests.tools import need_tool

AT_ONCE = 32


def _module(columns: Sequence[str]) -> str:
    metrics = "".join(
        f"  - name: column{number}\n    oid: {oid}\n    type: counter\n    help: a column\n"
        "    indexes:\n    - labelname: ifIndex\n      type: gauge\n"
        for number, oid in enumerate(columns)
    )
    walked = "".join(f"  - {oid}\n" for oid in columns)
    return (
        f"counters:\n  walk:\n{walked}  get:\n  - 1.3.6.1.2.1.1.3.0\n  metrics:\n{metrics}"
        f"  version: 2\n  max_repetitions: 50\n  auth:\n    community: {COMMUNITY}\n"
    )


@contextlib.contextmanager
def running_exporter(directory: Path, columns: Sequence[str]) -> Iterator[int]:
    """The exporter for the block; yields its HTTP port."""
    settings, port = directory / "snmp.yml", free_port()
    settings.write_text(_module(columns))
    command = [
        need_tool("prometheus-snmp-exporter"),
        f"--config.file={settings}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    log = directory / "exporter.log"
    with running(command, environment=dict(os.environ), log=log) as child:
        wait_until_answering(f"http://127.0.0.1:{port}/metrics", child, log)
        yield port


def poll(port: int, targets: Sequence[int], columns: int) -> float:
    """Every target once, many at a time; seconds."""
    return asyncio.run(_poll(port, targets, columns))


async def _poll(port: int, targets: Sequence[int], columns: int) -> float:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(target: int) -> None:
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            path = f"/snmp?module=counters&target=127.0.0.1:{target}"
            writer.write(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = await reader.read(-1)
            writer.close()
            if answer.count(b"\ncolumn") < PORTS * columns:
                raise BenchmarkError(f"the exporter did not read {target}: {answer[-300:]!r}")

    begun = time.perf_counter()
    await asyncio.gather(*(one(target) for target in targets))
    return time.perf_counter() - begun
