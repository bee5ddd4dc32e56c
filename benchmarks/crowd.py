"""Many tabs in a process of their own, told what to do line by line: `python -m benchmarks.crowd`.

Requests and answers are JSON, one a line: [method, arguments] and its result. It ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import aiohttp

from benchmarks.places import ROOT, SCRATCH
from benchmarks.processes import BenchmarkError
from benchmarks.tabs import Page, Tab, open_tabs


class Crowd:
    """What the process does. Groups of tabs have names."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client
        self._groups: dict[str, list[Tab]] = {}
        self._heard: dict[str, list[float]] = {}
        self._last: dict[str, str] = {}
        self._awaited, self._arrived = ("", 0), asyncio.Event()

    async def open(self, group: str, page: dict[str, Any], number: int, cookies: list[str]) -> int:
        """Open so many tabs of a page, spread over the sessions; returns when all are loaded."""
        tabs = await open_tabs(self._client, Page(**page), number, cookies)
        self._groups[group] = tabs
        self._heard[group] = []
        for tab in tabs:
            tab.on_event = lambda text, at: self._hear(group, text, at)
        return len(tabs)

    async def close(self, group: str) -> int:
        """Close a group's tabs; returns how many there were."""
        tabs = self._groups.pop(group)
        await asyncio.gather(*(tab.close() for tab in tabs))
        return len(tabs)

    async def one_by_one(self, group: str, number: int) -> list[float]:
        """So many events, one at a time, each from the next tab; the seconds each took."""
        tabs = self._groups[group]
        return [await tabs[position % len(tabs)].round_trip() for position in range(number)]

    async def at_once(self, group: str, seconds: float) -> float:
        """Every tab sends its next event as soon as the last is answered; answers a second."""
        begun = time.perf_counter()

        async def one(tab: Tab) -> int:
            done = 0
            while time.perf_counter() - begun < seconds:
                await tab.round_trip()
                done += 1
            return done

        done = await asyncio.gather(*map(one, self._groups[group]))
        return sum(done) / (time.perf_counter() - begun)

    async def forget(self, group: str) -> None:
        """Forget what the group has heard."""
        self._heard[group] = []

    async def heard(self, group: str, number: int, seconds: float) -> list[float]:
        """The monotonic times of the first so many events that the group heard; waits for them."""
        self._awaited = (group, number)
        self._arrived.clear()
        if len(self._heard[group]) < number:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), seconds)
        return self._heard[group][:number]

    async def last(self, group: str) -> str:
        """The event that the group heard last, as text."""
        return self._last[group]

    def _hear(self, group: str, text: str, at: float) -> None:
        self._heard[group].append(at)
        self._last[group] = text
        if self._awaited == (group, len(self._heard[group])):
            self._arrived.set()


class Remote:
    """A crowd in another process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, method: str, *arguments: Any) -> Any:
        """Call a method of `Crowd` and return what it returns."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([method, arguments]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BenchmarkError(f"the tabs failed at {method}: {SCRATCH / 'crowd.log'} says why.")
        return json.loads(line)


@contextlib.contextmanager
def elsewhere() -> Iterator[Remote]:
    """A crowd in a process of its own during the block."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "crowd.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crowd"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        yield Remote(process)
    finally:
        process.kill()
        process.communicate()


async def main() -> None:
    """Answers requests until the input ends."""
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None)
    ) as client:
        crowd = Crowd(client)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            method, arguments = json.loads(line)
            print(json.dumps(await getattr(crowd, method)(*arguments)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
