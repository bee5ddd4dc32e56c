"""A project as small as the stack lets it be, to start, kill and start again in seconds.

The stack runs what it finds beside itself: copied next to stand-ins for the portal, the workers and
the lab, it is the real stack around processes that do nothing but live.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from stack import leftovers
from stack.frontend import Frontend
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]

LIVES = """
import signal, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
threading.Event().wait()
"""

APP = """
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

def healthz(request):
    return JSONResponse({"status": "ok"})

def app():
    return Starlette(routes=[Route("/healthz", healthz)])
"""

DEMO_DATA = """
import json, os
from pathlib import Path
accounts = [
    {"role": "client", "email": "ana@example.com", "password": "horse staple", "totp_secret": "JBSWY3DP"},
    {"role": "operator", "email": "op@example.com", "password": "battery", "totp_secret": None},
]
Path(os.environ["DATA"], "sign-ins.json").write_text(json.dumps(accounts))
"""

MIGRATIONS = """
import os
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS migrated (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO migrated DEFAULT VALUES")
"""

FILES = {
    "opsportal/__init__.py": "",
    "opsportal/opsportal.py": APP,
    "workers/__init__.py": "",
    "workers/worker.py": LIVES,
    "workers/dispatcher.py": LIVES,
    "workers/schedule.py": LIVES,
    "workers/consoles.py": LIVES,
    "lab/__init__.py": "",
    "lab/bmcs.py": LIVES,
    "lab/switch.py": LIVES,
    "lab/mail_sink.py": LIVES,
    "lab/payments.py": LIVES,
    "lab/dns.py": LIVES,
    "lab/demo_data.py": DEMO_DATA,
    "opsportal/migrations/env.py": MIGRATIONS,
    "alembic.ini": "[alembic]\nscript_location = opsportal/migrations\n",
    "rxconfig.py": "",
    "requirements.txt": "",
}

PROGRAMS = {
    *(
        "postgres",
        "valkey",
        "lab",
        "lab-switches",
        "mail-sink",
        "payments",
        "name-server",
        "web",
        "dispatcher",
        "consoles",
        "schedule",
        "reaper",
    ),
    *("worker-hardware-1", "worker-hardware-2", "worker-poll-1", "worker-default-1"),
    *("worker-billing-1", "worker-mail-1"),
}


def make_project(directory: Path) -> Path:
    """A project in the directory whose frontend counts as built."""
    for name, content in FILES.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (directory / "opsportal/migrations/versions").mkdir()
    shutil.copytree(ROOT / "stack", directory / "stack", ignore=shutil.ignore_patterns("__pycache__"))
    pretend_built(directory)
    return directory


def pretend_built(project: Path) -> None:
    """Marks the project's frontend as built from its present sources."""
    frontend = Frontend(project)
    frontend.static.mkdir(parents=True, exist_ok=True)
    (frontend.static / "index.html").write_text("<!doctype html>")
    frontend.mark_current(frontend.sources_digest())


@dataclass
class Demo:
    """A `python -m stack demo` in a process of its own."""

    project: Path
    data: Path
    port: int
    process: subprocess.Popen[str]

    def wait_until_announced(self) -> list[str]:
        """Every line up to the last sign-in."""
        assert self.process.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("sign-in operator")):
            line = self.process.stdout.readline()
            assert line, f"it ended instead: {lines}"
            lines.append(line.rstrip("\n"))
        return lines

    def end(self) -> int:
        """Ends it like Ctrl-C does; returns its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def processes(self) -> list[psutil.Process]:
        """Everything it runs, by the mark in their environments."""
        return leftovers.find(
            leftovers.mark_for(self.data), [self.data / "postgres/cluster", self.data / "valkey"]
        )


@contextmanager
def running_demo(project: Path, data: Path, port: int | None = None) -> Iterator[Demo]:
    """Starts a demo; makes sure that nothing of it is left."""
    port = port or free_port()
    demo = Demo(project, data, port, start(project, data, port))
    try:
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.process.kill()
        demo.process.communicate()
        leftovers.end(leftovers.mark_for(data), [data / "postgres/cluster", data / "valkey"])


def start(project: Path, data: Path, port: int) -> subprocess.Popen[str]:
    """`python -m stack demo`, its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "stack", "demo", "--ends-with-parent"],
        cwd=project,
        env={**os.environ, "PORT": str(port), "DATA": str(data), "LAB": "2", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
