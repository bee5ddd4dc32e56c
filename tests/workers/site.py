"""A portal at work: its database, its Redis, and its processes, which tests start, freeze and kill.

The processes are the real ones (`python -m workers.…`) and carry a mark in their environment, so that
at the end every one is found and killed: a work horse outlives the worker that was killed over it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import power
from opsportal.models import HardwareJob, JobKind, JobLog, JobStatus, JobStep, Server
from tests.builders import make_actor, make_company, make_server, make_service
from tests.stock import hand_over
from workers import clock
from workers.standby import AT_WORK

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
MARK = "OPSPORTAL_TEST_SITE"
FINAL = {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED}
GATE = 77


def until(look: Callable[[], T], *, timeout: float = 120.0, what: str = "") -> T:
    """The first true answer of `look`; fails after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (seen := look()):
        assert time.monotonic() < end, f"waited in vain for {what or look}"
        time.sleep(0.02)
    return seen


def children(pid: int) -> list[int]:
    """The child processes of `pid`."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def horses(pid: int) -> list[int]:
    """The child processes of a worker that are at work, without the one that stands by."""
    return named(pid, AT_WORK)


def named(pid: int, name: str) -> list[int]:
    """The child processes that call themselves so."""
    return [child for child in children(pid) if _name(child) == name]


def _name(pid: int) -> str:
    """What a process is called; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def tree(pid: int) -> list[int]:
    """`pid` and all that descends from it."""
    return [pid, *(one for child in children(pid) for one in tree(child))]


def send(number: signal.Signals, pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def is_running(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_stopped(pid: int) -> bool:
    """Whether a process is frozen by SIGSTOP."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


@dataclass(frozen=True)
class Process:
    """One process of the portal."""

    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self) -> None:
        """kill -9 of this process alone; a work horse of it runs on."""
        self.popen.kill()
        self.popen.wait()

    def horse(self) -> int:
        """The work horse that is at work now."""
        return until(lambda: horses(self.pid), what="a work horse")[0]


class Site:
    """A portal at work."""

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        self.mark = uuid.uuid4().hex
        self.processes: list[Process] = []

    def start(self, *words: str) -> Process:
        """Start `python -m workers.WORDS`."""
        name, *arguments = words
        log = self.directory / f"{len(self.processes)}-{'-'.join(words)}.log"
        with log.open("wb") as output:
            popen = subprocess.Popen(
                [sys.executable, "-m", f"workers.{name}", *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, MARK: self.mark},
                start_new_session=True,
            )
        self.processes.append(process := Process(popen, log))
        return process

    def hands(self, count: int = 2) -> list[Process]:
        """The living hardware workers; new ones are started until there are `count`."""
        alive = [p for p in self.processes if "hardware" in p.popen.args and p.popen.poll() is None]
        return alive + [self.start("worker", "hardware") for _ in range(count - len(alive))]

    def busy_hand(self) -> Process:
        """The hardware worker that has a work horse."""
        return until(lambda: next((p for p in self.hands(0) if horses(p.pid)), None), what="a work horse")

    def end(self) -> None:
        """Kill and reap everything that was started here, and what it has left behind."""
        for process in self.processes:
            process.kill()
        needle = f"{MARK}={self.mark}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if needle in (entry / "environ").read_bytes():
                        os.kill(int(entry.name), signal.SIGKILL)

    def logs(self) -> str:
        """What all processes have written, for the message of a failed test."""
        return "\n".join(f"== {p.log.name}\n{p.log.read_text()}" for p in self.processes)

    @contextlib.contextmanager
    def gate(self, table: str, when: str, *, event: str = "UPDATE") -> Iterator[Gate]:
        """Whoever writes a row of `table` for which the plpgsql condition holds waits until it opens.

        So a test can stop a worker at an exact point of its work without touching the worker.
        """
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (GATE,))
            connection.execute(
                f"CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN"
                f" SET LOCAL lock_timeout = 0; PERFORM pg_advisory_xact_lock({GATE}); END IF; RETURN NEW; END $$"
            )
            connection.execute(
                f"CREATE TRIGGER gate BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION gate()"
            )
            gate = Gate(connection)
            try:
                yield gate
            finally:
                gate.open()
                connection.execute("DROP FUNCTION gate CASCADE")


@dataclass
class Gate:
    """A point in the work of others at which they wait."""

    connection: psycopg.Connection
    is_open: bool = False

    def wait(self) -> None:
        """Return when somebody waits at the gate."""
        until(self.is_waited_at, what="the gate")

    def is_waited_at(self) -> bool:
        """Whether somebody waits at the gate now."""
        # pg_locks shows those of all databases, also of tests that run beside this one.
        query = (
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE d.datname = current_database() AND locktype = 'advisory' AND objid = %s AND NOT granted"
        )
        return self.connection.execute(query, (GATE,)).fetchone() != (0,)

    def open(self) -> None:
        if not self.is_open:
            self.connection.execute("SELECT pg_advisory_unlock(%s)", (GATE,))
            self.is_open = True


AT_COMMAND_WRITTEN = ("hardware_job", "OLD.commands_sent = 0 AND NEW.commands_sent = 1")
"""The command is about to be written down: it was not sent."""
AT_COMMAND_SENT = (
    "server",
    "NEW.lease_job_id IS NOT NULL AND EXISTS (SELECT FROM hardware_job"
    " WHERE id = NEW.lease_job_id AND commands_sent = 1 AND status = 'verifying'"
    " AND xmin::text <> pg_current_xact_id()::xid::text)",
)
"""The command is written down, committed (so by another transaction), and about to be sent."""
AT_READ_BACK = ("job_step", "NEW.name = 'verify_off' AND NEW.status = 'running' AND OLD.status = 'waiting'")
"""The BMC has acknowledged the command; it has not been read back."""
AT_SECOND_COMMAND = ("hardware_job", "OLD.commands_sent = 1 AND NEW.commands_sent = 2")
"""A reboot is verified off and about to be switched on."""
AT_END = ("hardware_job", "NEW.status = 'succeeded'")
"""The goal is read back and the job about to end."""


def rent_server(endpoint: object = None, **changes: object) -> Server:
    """A server that a client rents."""
    return make_server(make_service(), endpoint=endpoint, **changes)


def click(server: Server, kind: JobKind = JobKind.POWER_OFF) -> int:
    """The server's client asks for power. Returns the job's id."""
    company = make_company()
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(company).id)
    actor = make_actor(company=company)
    with unit_of_work() as unit:
        job = power.request_power(unit, actor, server.id or 0, kind=kind)
    assert job.id is not None
    return job.id


def job_of(job_id: int) -> HardwareJob:
    with unit_of_work() as unit:
        return unit.get_one(HardwareJob, job_id)


def server_of(server: Server) -> Server:
    with unit_of_work() as unit:
        return unit.get_one(Server, server.id)


def log_of(job_id: int) -> list[str]:
    with unit_of_work() as unit:
        return list(
            unit.exec(select(JobLog.line).where(col(JobLog.job_id) == job_id).order_by(col(JobLog.id)))
        )


def steps_of(job_id: int) -> dict[str, str]:
    with unit_of_work() as unit:
        steps = unit.exec(
            select(JobStep).where(col(JobStep.job_id) == job_id).order_by(col(JobStep.position))
        )
        return {step.name: step.status for step in steps}


def until_status(job_id: int, *statuses: str, timeout: float = 120.0) -> HardwareJob:
    """Wait until the job has one of these statuses, with nobody reconciling."""
    until(lambda: job_of(job_id).status in statuses, timeout=timeout, what=f"{statuses}: {job_of(job_id)}")
    return job_of(job_id)


def settle(job_id: int, *, timeout: float = 120.0) -> HardwareJob:
    """Wait until the job has ended; the reconciler runs meanwhile, as the clock would have it run."""
    end = time.monotonic() + timeout
    next_round = 0.0
    while (job := job_of(job_id)).status not in FINAL:
        assert time.monotonic() < end, f"never ended: {job} {log_of(job_id)}"
        if time.monotonic() > next_round:
            clock.reconcile()
            next_round = time.monotonic() + 0.5
        time.sleep(0.02)
    return job


def let_lease_expire(server: Server) -> None:
    """As if the lease's time had passed."""
    with unit_of_work() as unit:
        unit.connection().exec_driver_sql(
            "UPDATE server SET lease_expires_at = now() - interval '1 second'"
            " WHERE id = %s AND lease_expires_at IS NOT NULL",
            (server.id,),
        )


def ended(job_id: int, *, timeout: float = 120.0) -> tuple[str, str | None, int]:
    """Status, outcome and number of announced commands of a job, when it has ended."""
    job = settle(job_id, timeout=timeout)
    return job.status, job.outcome_code, job.commands_sent
