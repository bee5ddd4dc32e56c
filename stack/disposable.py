"""PostgreSQL and Valkey for one test run: fresh, fast, shared by its processes, gone with it.

The process that begins the run holds a lock; the servers are tethered to it (`stack.tether`), so
they end with the run even when it is killed. Other processes of the run join it by its directory.

They live in memory where there is enough: a portal's database is some 900 files, each test gets a copy,
and making those on a disk takes ten times the processor time.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from stack import postgres, tether, valkey
from stack.sockets import short_directory

PASSWORD = "disposable"  # noqa: S105 guards nothing: the socket's directory does
SETTINGS = postgres.THROWAWAY | {"max_connections": "300", "max_wal_size": "256MB"}
MEMORY = Path("/dev/shm")  # noqa: S108 what we make there is private
ROOM = 4 * 1024**3
"""Bytes that must be free in memory's file system: a whole run takes less than a quarter of it."""
_ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def state_directory() -> Iterator[Path]:
    """A place for an installation's state, short enough for sockets and open to the database's account.

    Directories that pytest makes are neither. It is removed at the end, with everything in it.
    """
    directory = Path(tempfile.mkdtemp(prefix="ops-", dir=short_directory()))
    directory.chmod(0o711)
    try:
        yield directory / "state"
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def roomy_directory(memory: Path = MEMORY, room: int = ROOM) -> Path:
    """A short directory for a run's servers: in memory if it has room and lets programs run, else on disk."""
    try:
        facts = os.statvfs(memory)
    except OSError:
        return short_directory()
    has_room = facts.f_bavail * facts.f_frsize >= room
    is_open = os.access(memory, os.W_OK | os.X_OK) and not facts.f_flag & os.ST_NOEXEC
    return memory if has_room and is_open else short_directory()


class Run:
    """The databases of one test run. Nothing is started before it is asked for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._holding = ExitStack()

    @classmethod
    def begin(cls) -> Run:
        """A new run that lasts until `end()` or until this process dies."""
        directory = Path(tempfile.mkdtemp(prefix="ops-", dir=roomy_directory()))
        directory.chmod(0o711)  # the database's account walks through to its own 0700 directories
        run = cls(directory)
        run._holding.enter_context(tether.held(run._lock))
        return run

    def end(self) -> None:
        """Lets the servers go. They end within a second or so, and remove their files."""
        has_servers = any(one.is_dir() for one in self.directory.iterdir())  # looked at before they go
        self._holding.close()
        if not has_servers:
            shutil.rmtree(self.directory)

    @property
    def _lock(self) -> Path:
        return self.directory / "lock"

    def postgres(self) -> postgres.Cluster:
        """The run's PostgreSQL, the same one for every process."""
        home = self.directory / "postgres"
        with self._once(home) as is_first:
            cluster = postgres.prepare_cluster(home, throwaway=True)
            if is_first:
                self._start(
                    tether.tethered(
                        self._lock,
                        cluster.command(SETTINGS),
                        account=cluster.account,
                        stop_signal=signal.SIGQUIT,  # nothing to save: no checkpoint, no farewells
                        remove=home,
                    ),
                    log=home / "log",
                )
                postgres.wait_until_ready(cluster)
        return cluster

    def valkey(self, name: str) -> valkey.Store:
        """The Valkey of this name: one per test process, since channels have no database numbers."""
        home = self.directory / f"valkey-{name}"
        with self._once(home) as is_first:
            store = valkey.prepare_store(home, password=PASSWORD, throwaway=True)
            if is_first:
                command = tether.tethered(
                    self._lock, store.command(), stop_signal=signal.SIGKILL, remove=home
                )
                self._start(command, log=home / "log")
                valkey.wait_until_ready(store)
        return store

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """Makes a template database once per run: `build` gets its URL and fills it (say, migrates).

        `build` must leave no connection open: PostgreSQL copies no database that is in use.
        """
        self.postgres()
        with self._once(self.directory / "postgres" / f"template-{name}") as is_first:
            if is_first:
                build(self._create(name, template="template0"))
        return name

    def database(self, name: str, *, template: str = "template0") -> str:
        """The URL of a new database, a copy of the template; one that was there before is dropped."""
        return self._create(name, template=template)

    def _create(self, name: str, *, template: str) -> str:
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name):
            raise ValueError(f"not a plain database name: {name!r}")
        cluster = self.postgres()
        names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        with psycopg.connect(cluster.url(postgres.ADMIN_DATABASE), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE)").format(**names))
            # FILE_COPY takes 30 ms here; the default, through the WAL, takes longer the bigger it is.
            statement = "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
            connection.execute(sql.SQL(statement).format(**names))
        return cluster.url(name)

    @contextmanager
    def _once(self, thing: Path) -> Iterator[bool]:
        """True for the first process of the run that gets here for this thing; others wait for it."""
        thing.parent.mkdir(parents=True, exist_ok=True)
        done = self.directory / f"{thing.name}.done"
        with (self.directory / f"{thing.name}.starting").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield not done.exists()
            done.touch()

    def _start(self, command: list[str], *, log: Path) -> None:
        with log.open("ab") as output:
            subprocess.Popen(
                command,
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
