"""What machines do over the network: they follow the real boot service as iPXE, installers and systems do."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from lab.bmcs.boot_clients import BootClient
from lab.bmcs.boots import Line, Stage, address_lines
from lab.bmcs.faults import FaultKind
from lab.bmcs.ipxe import Ending, Interpreter, Outcome
from lab.bmcs.logs import log
from lab.bmcs.machines import Machine
from lab.bmcs.network_systems import MEMORY_TEST, SYSTEMS, GaveUp, Run, Step, Then
from lab.bmcs.records import NetworkSystem, Way

REPORT_TRIES = 5
REPORT_EVERY_S = 1.0
GIVE_UP_AFTER_S = 1.0
Result = TypeVar("Result")


class NetworkBoots:
    """The network cards of all machines of a process. One task a machine; HTTP blocks threads, never the BMCs."""

    def __init__(self, boot_url: str, loop: asyncio.AbstractEventLoop) -> None:
        self._boot_url = boot_url.rstrip("/")
        self._loop = loop
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="boot")
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(self, machine: Machine) -> None:
        """Boot from the network, or go on where the machine is by its record."""
        self.abandon(machine)
        work = _Boot(machine, self._boot_url, self._loop, self._threads).run()
        self._tasks[machine.identity.name] = self._loop.create_task(_logged(machine, work))

    def abandon(self, machine: Machine) -> None:
        """What the machine was doing has ended with its power."""
        task = self._tasks.pop(machine.identity.name, None)
        # A system that restarts its machine does so from its own task, which has nothing left to do.
        if task is not None and task is not _current():
            task.cancel()

    def close(self) -> None:
        """Ends all; the records know where each machine was."""
        for task in self._tasks.values():
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Boot:
    """One boot of one machine, from asking for an address to whatever runs then."""

    def __init__(
        self, machine: Machine, boot_url: str, loop: asyncio.AbstractEventLoop, threads: ThreadPoolExecutor
    ) -> None:
        self._machine = machine
        self._boot_url = boot_url
        self._loop = loop
        self._threads = threads
        self._client = BootClient(machine.identity.boot_ip)

    @property
    def _fault(self) -> FaultKind:
        return self._machine.record.fault.kind

    async def run(self) -> None:
        record = self._machine.record
        if record.loaded is not None:
            await self._run_loaded(record.loaded)
        elif record.way is Way.DISK:
            await self._report_from_disk()
        else:
            await self._boot()

    async def _boot(self) -> None:
        has_address = self._fault is not FaultKind.NO_DHCP
        await self._printed(self._machine.print(address_lines(self._machine.identity, is_given=has_address)))
        outcome = await self._ipxe() if has_address else Outcome(Ending.DISK)
        if outcome.ending is Ending.KERNEL:
            loaded = NetworkSystem(outcome.kernel, outcome.arguments)
            self._machine.load(loaded)
            await self._run_loaded(loaded)
        elif outcome.ending is Ending.REBOOT:
            self._machine.restart()
        elif outcome.ending is Ending.POWER_OFF:
            self._machine.stop()
        else:
            await self._boot_from_disk()

    async def _ipxe(self) -> Outcome:
        mac, boots = self._machine.identity.mac, self._machine.record.boots

        def say(line: str) -> None:
            # From the thread, which nobody can stop: the machine may have been switched off meanwhile.
            self._loop.call_soon_threadsafe(self._say_of_boot, boots, line)

        interpreter = Interpreter(
            fetch=self._client.get,
            say=say,
            variables={"net0/mac": mac, "mac": mac, "buildarch": "x86_64", "platform": "pcbios"},
        )
        return await self._in_thread(partial(interpreter.run, f"{self._boot_url}/boot/ipxe/{quote(mac)}"))

    def _say_of_boot(self, boots: int, line: str) -> None:
        if self._machine.is_on and self._machine.record.boots == boots:
            self._machine.say(line, Stage.NETWORK)

    async def _run_loaded(self, loaded: NetworkSystem) -> None:
        run = Run(
            self._client, loaded, has_bad_image=self._fault is FaultKind.BAD_IMAGE,
            disk_bytes=self._machine.identity.disk_bytes,
        )  # fmt: skip
        steps = SYSTEMS.get(run.kind, MEMORY_TEST)
        for number, step in enumerate(steps):
            if number < loaded.step:
                continue
            try:
                await self._step(run, step)
            except GaveUp as failure:
                await self._give_up(run, failure)
                return
            if step.then is not Then.NEXT:
                self._end(step.then)
                return
            loaded.step = number + 1
            self._machine.load(loaded)
            if step.milestone == "disk_prepared" and self._fault is FaultKind.HANGS:
                self._machine.say(
                    "INFO: task kworker/0:1 blocked for more than 120 seconds.", Stage.INSTALLER
                )
                return
            if step.milestone == "system_written":
                self._machine.install(run.installed())

    async def _step(self, run: Run, step: Step) -> None:
        each = step.seconds / max(1, len(step.lines))
        lines = [
            Line(each * (number + 1), Stage.INSTALLER, f"{text}\r\n")
            for number, text in enumerate(step.lines)
        ]
        await self._printed(self._machine.print(lines))
        if step.fetches:
            await self._in_thread(partial(run.fetch, step))
            self._machine.load(run.loaded)
        if step.work is not None:
            await self._in_thread(partial(step.work, run))
        if step.milestone and run.is_told_to_report(step.milestone):
            await self._report(run.base, step.milestone)

    async def _give_up(self, run: Run, failure: GaveUp) -> None:
        """A raw installer says so and switches off; without its script any installer waits for somebody."""
        self._machine.say(f"installer: FAILED: {failure}", Stage.INSTALLER)
        if not failure.code:
            return
        await self._report(run.base, "failed", failure.code)
        await self._printed(GIVE_UP_AFTER_S / self._machine.pace)
        self._machine.stop()

    def _end(self, then: Then) -> None:
        if then is Then.RESTART:
            self._machine.restart()
        elif then is Then.STOP:
            self._machine.stop()

    async def _boot_from_disk(self) -> None:
        self._machine.boot_from_disk()
        await self._report_from_disk()

    async def _report_from_disk(self) -> None:
        """A system that has just been installed says so once, as soon as it has a network."""
        base = self._machine.record.system.base
        login_at = self._machine.console.next_at
        while login_at is not None:
            await self._printed(self._machine.seconds_until(login_at))
            self._machine.settle()
            login_at = self._machine.console.next_at
        if not base:
            return
        for milestone in ("first_boot", "answers"):
            await self._report(base, milestone, self._machine.record.system.hostname)
        self._machine.reported()

    async def _report(self, base: str, milestone: str, detail: str = "") -> None:
        for _ in range(REPORT_TRIES):
            is_lost = self._fault is FaultKind.NO_REPORTS
            if not is_lost and await self._in_thread(
                partial(self._client.report, f"{base}/report", milestone, detail)
            ):
                return
            await self._printed(REPORT_EVERY_S / self._machine.pace)
        log("report-lost", level="warning", machine=self._machine.identity.name, milestone=milestone)
        if self._machine.stage is Stage.INSTALLER:
            self._machine.say(f"installer: the report of {milestone} is lost", Stage.INSTALLER)

    async def _printed(self, seconds: float) -> None:
        """Until what was begun to print is out."""
        await asyncio.sleep(seconds)
        self._machine.settle()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await self._loop.run_in_executor(self._threads, work)


def _current() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # outside of the loop: while a lab starts
        return None


async def _logged(machine: Machine, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:
        log(
            "boot-broke",
            level="error",
            machine=machine.identity.name,
            error=f"{type(error).__name__}: {error}",
        )
