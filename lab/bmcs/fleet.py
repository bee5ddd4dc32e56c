"""All machines and BMCs of one state directory, in one process and one thread."""

import asyncio
import itertools
import os
import signal
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

from lab.bmcs import control
from lab.bmcs.answering import ControlServer
from lab.bmcs.bmc import VirtualBmc
from lab.bmcs.files import StateUnreadable, write_json
from lab.bmcs.identities import Identity, Roster
from lab.bmcs.logs import log
from lab.bmcs.machines import Machine
from lab.bmcs.network_boots import NetworkBoots
from lab.bmcs.newcomers import open_newcomers
from lab.bmcs.records import Entry, Record, Records
from lab.bmcs.screen import Screens
from lab.bmcs.serving import claimed, stopped
from lab.bmcs.users import password_of

UPTIME_SECONDS = 6 * 86400.0  # how long a new machine seems to have been running
EXPIRY_SECONDS = 1.0


class Fleet:
    """The machines of `directory` and their BMCs, answering from `start` until `close`."""

    def __init__(
        self, directory: Path, *, servers: int, newcomers: int = 0, pace: float = 1.0, boot_url: str = ""
    ) -> None:
        self._directory = directory
        self._servers = servers
        self._newcomers = newcomers
        self._pace = pace
        self._boot_url = boot_url
        self._network: NetworkBoots | None = None
        self._records = Records(directory / "machines")
        self._expiry: asyncio.TimerHandle | None = None
        self._settling: dict[str, asyncio.TimerHandle] = {}
        self._logged: dict[str, Entry | None] = {}
        self.bmcs: dict[str, VirtualBmc] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind every BMC. Raises OSError when ports run out and StateUnreadable for a damaged roster."""
        self._loop = loop
        self._network = NetworkBoots(self._boot_url, loop) if self._boot_url else None
        for identity, wire in Roster(self._directory).open(self._servers):
            self.bmcs[identity.name] = VirtualBmc(self._machine(identity), wire, loop=loop)
        self._on_record = list(self.bmcs)
        for identity, wire in open_newcomers(self._directory, self._newcomers) if self._newcomers else ():
            machine = self._machine(identity, Record(is_on=False, was_on=False))
            self.bmcs[identity.name] = VirtualBmc(machine, wire, loop=loop)
        self._expire()

    def publish(self) -> None:
        """Write `fleet.json`: from now on everybody may talk to the BMCs in it."""
        listed = [_listed(self.bmcs[name].machine) for name in self._on_record]
        write_json(self._directory / "fleet.json", listed, is_durable=True)

    def close(self) -> None:
        """Release every socket. Machines stay as they are."""
        for timer in (*self._settling.values(), *([self._expiry] if self._expiry else [])):
            timer.cancel()
        if self._network is not None:
            self._network.close()
        for bmc in self.bmcs.values():
            bmc.close()

    def _machine(self, identity: Identity, fresh: Record | None = None) -> Machine:
        try:
            record = self._records.find(identity.name)
        except StateUnreadable as error:
            # One damaged file must not keep the other machines from starting.
            log("record-unreadable", level="warning", machine=identity.name, error=str(error))
            record = None
        record = record or fresh or Record(booted_at=time.time() - UPTIME_SECONDS)
        machine = Machine(identity, record, pace=self._pace, card=self._network)
        self._logged[identity.name] = machine.record.journal[-1] if machine.record.journal else None
        machine.keep(lambda: self._keep(machine))
        machine.watch(lambda: self._settle_when_due(machine))
        self._settle_when_due(machine)
        return machine

    def _settle_when_due(self, machine: Machine) -> None:
        """Let a change of power happen on time, for the log and for viewers, not when somebody looks."""
        name = machine.identity.name
        if timer := self._settling.pop(name, None):
            timer.cancel()
        if machine.record.due:
            wait = machine.seconds_until(machine.record.due[0][0])
            self._settling[name] = self._loop.call_later(wait, self._settle, machine)

    def _settle(self, machine: Machine) -> None:
        machine.settle()
        self._settle_when_due(machine)

    def _keep(self, machine: Machine) -> None:
        name, journal = machine.identity.name, machine.record.journal
        self._records.save(name, machine.record)
        news = list(itertools.takewhile(lambda entry: entry is not self._logged[name], reversed(journal)))
        for entry in reversed(news):
            log(entry.kind, machine=name, what=entry.what, by=entry.by)
        self._logged[name] = journal[-1] if journal else None

    def _expire(self) -> None:
        for bmc in self.bmcs.values():
            if bmc.sessions:
                bmc.sessions.expire()
        self._expiry = self._loop.call_later(EXPIRY_SECONDS, self._expire)


def _listed(machine: Machine) -> dict[str, object]:
    """The machine as in `fleet.json`: with a password that is right, whoever has changed it meanwhile."""
    identity = machine.identity
    known = password_of(machine.record.users, identity.username)
    return asdict(identity) | ({"password": known} if known is not None else {})


def serve(
    directory: Path, *, servers: int, newcomers: int = 0, pace: float = 1.0, boot_url: str = "",
    with_parent: bool = False,
) -> None:  # fmt: skip
    """Serve until SIGTERM or SIGINT. Raises DirectoryInUse, StateUnreadable, OSError when it cannot start.

    `with_parent` also ends it when the process that started it is gone, for a supervisor that may be killed.
    """
    parent = os.getppid() if with_parent else None
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with claimed(directory):
        (directory / "fleet.json").unlink(missing_ok=True)  # it means "they answer", which is not true yet
        fleet = Fleet(directory, servers=servers, newcomers=newcomers, pace=pace, boot_url=boot_url)
        asyncio.run(_serve(fleet, directory, parent=parent))
    log("stopped")


async def _serve(fleet: Fleet, directory: Path, *, parent: int | None) -> None:
    started = time.monotonic()
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = ControlServer(partial(control.answer, fleet.bmcs), directory)
    screens = Screens(directory)
    try:
        fleet.start(loop)
        await screens.start({name: bmc.machine for name, bmc in fleet.bmcs.items()})
        await server.start()
        fleet.publish()
        log("ready", servers=len(fleet.bmcs), seconds=time.monotonic() - started)
        await stopped(stop, parent=parent)
    finally:
        await server.close()
        screens.close()
        fleet.close()
