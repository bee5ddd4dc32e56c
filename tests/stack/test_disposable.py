"""The databases that every other test stands on."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from stack.disposable import Run, roomy_directory
from stack.sockets import short_directory
from stack.valkey import NO_RETRY
from tests.stack.waiting import wait_until


def test_database_is_ours_and_empty(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_sorting_does_not_depend_on_the_machine(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row == ("b", "C.UTF-8", "UTF8")


def test_template_is_built_once_and_copied(databases: Run, worker: str) -> None:
    built: list[str] = []

    def build(url: str) -> None:
        built.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE thing AS SELECT 42 AS answer")

    name = f"template_{worker}"
    databases.template(name, build)
    databases.template(name, build)
    url = databases.database(f"copy_{worker}", template=name)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT answer FROM thing").fetchall() == [(42,)]
    assert len(built) == 1


def test_a_name_that_is_no_plain_name_is_refused(databases: Run) -> None:
    with pytest.raises(ValueError, match="not a plain database name"):
        databases.database('x"; DROP DATABASE postgres; --')


def test_valkey_keeps_strangers_out(databases: Run, worker: str, redis_url: str) -> None:
    store = databases.valkey(worker)
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("port") == {"port": "0"}
    stranger = redis.Redis(unix_socket_path=str(store.socket), retry=NO_RETRY)
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert stat.S_IMODE(store.socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.configuration.stat().st_mode) == 0o600


def test_a_run_is_in_memory_where_that_has_room_and_else_on_disk(tmp_path: Path) -> None:
    assert roomy_directory(Path(sys.prefix), room=0) == Path(sys.prefix)  # programs run from there
    assert roomy_directory(Path(sys.prefix), room=2**100) == short_directory()
    assert roomy_directory(tmp_path / "not there", room=0) == short_directory()


BEGIN = """
import sys, time
from stack.disposable import Run, roomy_directory
from stack.sockets import short_directory
from stack.valkey import NO_RETRY
run = Run.begin()
run.postgres()
run.valkey("main")
print(run.directory, flush=True)
time.sleep(600)
"""


def test_servers_end_and_clean_up_when_the_run_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", BEGIN], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        directory = Path(child.stdout.readline().strip())
        postmaster = int((directory / "postgres/cluster/postmaster.pid").read_text().split()[0])
        os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not directory.exists())
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)
