"""Cacti's poller in C, with a MariaDB of its own: the peer that polls and stores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.halls import COMMUNITY
from benchmarks.processes import BenchmarkError, end
from tests.tools import need_tool

SCHEMA = Path("/usr/share/cacti/conf_templates/cacti.sql")
THREADS = 8
MAX_OIDS = 50
SETTINGS = {
    "poller_interval": "300",
    "concurrent_processes": "1",
    "max_threads": str(THREADS),
    "availability_method": "0",
    "log_destination": "2",
    "snmp_retries": "2",
}


@contextlib.contextmanager
def running_mariadb(directory: Path) -> Iterator[Path]:
    """An empty cacti database for the block; yields its socket."""
    server, install = need_tool("mariadbd"), need_tool("mariadb-install-db")
    data, place = directory / "mariadb", directory / "m.sock"
    account = ["--user=root"] if os.geteuid() == 0 else []
    made = subprocess.run(
        [install, "--no-defaults", *account, f"--datadir={data}", "--skip-test-db", "--auth-root-authentication-method=normal"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode != 0:
        raise BenchmarkError(f"MariaDB could not be set up: {made.stderr[-300:]}")
    options = [
        "--skip-networking=0",
        "--bind-address=127.0.0.1",
        "--port=0",
        "--max-heap-table-size=1G",
        "--innodb-buffer-pool-size=256M",
    ]
    child = subprocess.Popen(
        [server, "--no-defaults", *account, f"--datadir={data}", f"--socket={place}", "--sql-mode=", *options],
        stdout=subprocess.DEVNULL, stderr=(directory / "mariadb.log").open("wb"), start_new_session=True,
    )  # fmt: skip
    try:
        _wait(place, child)
        _sql(place, f"CREATE DATABASE cacti CHARACTER SET utf8mb4; USE cacti; SOURCE {SCHEMA};")
        yield place
    finally:
        end(child)


def fill(place: Path, ports: Sequence[int], columns: Sequence[str], indexes: Sequence[int]) -> None:
    """Put the hall on record: a host a switch, an item a column and port."""
    settings = ",".join(f"('{name}','{value}')" for name, value in SETTINGS.items())
    statements = [
        "USE cacti",
        "DELETE FROM host",
        "DELETE FROM poller_item",
        f"REPLACE INTO settings (name,value) VALUES {settings}",
    ]
    hosts = ",".join(
        f"({number},1,'switch {number}','127.0.0.1','{COMMUNITY}',2,{port},500,0,{MAX_OIDS},1,3)"
        for number, port in enumerate(ports, 1)
    )
    statements.append(
        "INSERT INTO host (id,poller_id,description,hostname,snmp_community,snmp_version,snmp_port,"
        f"snmp_timeout,availability_method,max_oids,device_threads,status) VALUES {hosts}"
    )
    item = 0
    for number, port in enumerate(ports, 1):
        rows = []
        for index in indexes:
            item += 1
            rows += [
                f"({item},1,{number},0,'127.0.0.1','{COMMUNITY}',2,{port},500,'c{name}','/r/{item}.rrd',1,300,0,'{oid}.{index}')"
                for name, oid in enumerate(columns)
            ]
        statements.append(
            "INSERT INTO poller_item (local_data_id,poller_id,host_id,action,hostname,snmp_community,"
            "snmp_version,snmp_port,snmp_timeout,rrd_name,rrd_path,rrd_num,rrd_step,rrd_next_step,arg1) VALUES "
            + ",".join(rows)
        )
    _sql(place, ";\n".join(statements) + ";")


def configure(directory: Path, place: Path) -> Path:
    """spine.conf for this MariaDB."""
    target = directory / "spine.conf"
    target.write_text(f"DB_Host {place}\nDB_Database cacti\nDB_User root\nDB_Pass \nDB_Port 3306\n")
    return target


def poll(configuration: Path, place: Path, expected: int) -> float:
    """One round of everything; seconds. Raises BenchmarkError unless all values arrived in the table."""
    _sql(place, "USE cacti; TRUNCATE poller_output;")
    begun = time.perf_counter()
    done = subprocess.run(
        [need_tool("spine"), f"--conf={configuration}", "--poller=1", "-S", "-V", "2"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    stored = int(_sql(place, "SELECT count(*) FROM cacti.poller_output WHERE output <> 'U'").split()[-1])
    if stored != expected:
        raise BenchmarkError(f"spine stored {stored} of {expected} values: {done.stdout[-500:]}")
    return seconds


def _wait(place: Path, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(subprocess.CalledProcessError):
            _sql(place, "SELECT 1")
            return
        if child.poll() is not None or time.monotonic() > deadline:
            raise BenchmarkError("MariaDB did not start")
        time.sleep(0.2)


def _sql(place: Path, statements: str) -> str:
    command = [need_tool("mariadb"), "--no-defaults", "-uroot", f"--socket={place}", "--batch"]
    return subprocess.run(command, input=statements, capture_output=True, text=True, check=True).stdout
