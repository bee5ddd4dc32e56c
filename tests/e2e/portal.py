"""A demo of this test run's own, started and spoken to as any other program would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import psycopg

from opsportal.domain.accounts.passwords import hash_password
from stack import leftovers
from stack.installation import DATABASE, Installation
from stack.options import Options, make_data_directory
from stack.supervision import Supervisor
from tests.ports import free_port, ports_of_demo

ROOT = Path(__file__).resolve().parents[2]
SERVERS = 18
"""One more than the demo's companies rent, so that there is stock too."""

PATIENCE_S = 1_000.0
"""For a start that has to build the frontend first, with cold caches."""

PATIENCE = {"SHUTDOWN_GRACE_S": "10"}
"""Tests wait for the end of it; a machine of the lab that listens is off after 1.5 s."""

PASSWORD = "a sentence for these tests"


@dataclass(frozen=True)
class SignIn:
    """One `sign-in` line of the demo."""

    role: str
    email: str
    password: str
    totp_secret: str | None

    @classmethod
    def parse(cls, line: str) -> SignIn:
        word, role, email, password, secret = line.split(" ")
        assert word == "sign-in"
        return cls(role, email, password, None if secret == "-" else secret)


class Portal:
    """A running demo."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port
        self.lines: list[str] = []
        self.added: dict[str, SignIn] = {}
        self._told = threading.Condition()
        self.process = self._start()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sign_ins(self) -> dict[str, SignIn]:
        """The demo's accounts by e-mail, and those that tests have added."""
        accounts = (SignIn.parse(line) for line in self.lines if line.startswith("sign-in "))
        return {one.email: one for one in accounts} | self.added

    def wait_for_line(self, wanted: Callable[[str], bool], *, after: int = 0, timeout: float = 60.0) -> int:
        """Waits until the demo has printed such a line; returns its number."""

        def found() -> int | None:
            hits = (n for n, line in enumerate(self.lines) if n >= after and wanted(line))
            return next(hits, None)

        with self._told:
            self._told.wait_for(lambda: found() is not None or self.process.poll() is not None, timeout)
            number = found()
        assert number is not None, f"the demo never said so: {self.lines[-20:]}"
        return number

    def wait_until_announced(self) -> None:
        """Returns when the portal is healthy and every sign-in is known."""
        self.wait_for_line(lambda line: line.startswith("sign-in technician"), timeout=PATIENCE_S)
        assert f"portal {self.url}" in self.lines

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @cached_property
    def _installation(self) -> Installation:
        return Installation.prepare(Options(self.data, self.port, SERVERS))

    @cached_property
    def supervisor(self) -> Supervisor:
        """The supervisord that keeps the processes running."""
        return self._installation.supervisor(self.data / "lock")

    def environment(self) -> dict[str, str]:
        """What the demo's own processes have in theirs."""
        return os.environ | self._installation.environment()

    @property
    def database_url(self) -> str:
        return self._installation.environment()["DATABASE_URL"]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says: the truth that pages are compared with."""
        with psycopg.connect(self._installation.cluster.url(DATABASE)) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def add_person(
        self,
        email: str,
        *,
        like: str = "petr@acme.example",
        name: str = "Test Person",
        locale: str = "en",
        has_second_factor: bool = False,
    ) -> SignIn:
        """An account with the role and company of another, for tests that change it; password only.

        `has_second_factor`: and with the secret of the other one's app. Which codes are used is counted for each person.
        """
        factor = "totp_secret, totp_enabled_at" if has_second_factor else "NULL, NULL"
        self.rows(
            "INSERT INTO person (company_id, role, email, name, password_hash, locale, time_zone, is_active,"
            " created_at, totp_secret, totp_enabled_at)"
            f" SELECT company_id, role, %s, %s, %s, %s, 'UTC', true, now(), {factor}"
            " FROM person WHERE email = %s",
            email, name, hash_password(PASSWORD), locale, like,
        )  # fmt: skip
        secret = self.sign_ins[like].totp_secret if has_second_factor else None
        self.added[email] = SignIn(self.sign_ins[like].role, email, PASSWORD, secret)
        return self.added[email]

    def speaking(self, locale: str, like: str) -> str:
        """The e-mail of an account like the other one, in this language."""
        email = f"{locale}.{like}"
        if email not in self.added:
            self.add_person(email, like=like, locale=locale)
        return email

    def server_id(self, name: str) -> int:
        return int(self.rows("SELECT id FROM server WHERE name = %s", name)[0][0])

    def processes(self) -> list[psutil.Process]:
        """Everything it runs, by the mark in their environments."""
        return leftovers.find(leftovers.mark_for(self.data), self._database_directories())

    def end(self) -> int:
        """Ends it like Ctrl-C does; returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def kill(self) -> None:
        """Leaves nothing, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        leftovers.end(leftovers.mark_for(self.data), self._database_directories())

    def _database_directories(self) -> list[Path]:
        return [self.data / "postgres/cluster", self.data / "valkey"]

    def _start(self) -> subprocess.Popen[str]:
        choice = {"PORT": str(self.port), "DATA": str(self.data), "LAB": str(SERVERS), **PATIENCE}
        return subprocess.Popen(
            [sys.executable, "-m", "stack", "demo", "--ends-with-parent"],
            cwd=ROOT,
            env={**os.environ, **choice, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._told:
                self.lines.append(line.rstrip("\n"))
                self._told.notify_all()
        self.process.wait()
        with self._told:
            self._told.notify_all()


@contextmanager
def running_portal(data: Path) -> Iterator[Portal]:
    """A healthy demo; at the end none of its processes is left."""
    make_data_directory(data)
    (data / "ports.json").write_text(json.dumps(ports_of_demo()))
    portal = Portal(data, free_port())
    try:
        portal.wait_until_announced()
        yield portal
        assert portal.end() == 0
        assert portal.processes() == []
    finally:
        portal.kill()


def wait_until(condition: Callable[[], bool], *, timeout: float = 60.0, what: str = "it") -> float:
    """Returns after how many seconds the condition was true; fails after `timeout`."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout, f"waited {timeout} s in vain until {what}"
        time.sleep(0.05)  # other processes offer no event to wait for
    return time.monotonic() - began


def post(url: str, body: dict[str, Any], *, cookie: str = "") -> tuple[int, dict[str, Any], str]:
    """POST as the portal's own pages do. Returns status, answer and the session cookie that was set."""
    origin = "/".join(url.split("/", 3)[:3])
    headers = {"Content-Type": "application/json", "Origin": origin, "Cookie": f"portal={cookie}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            new = answer.headers.get("Set-Cookie", "").partition("portal=")[2].partition(";")[0]
            return answer.status, json.load(answer), new
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), ""
