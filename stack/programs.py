"""The processes of the portal, as data: what `python -m stack` runs and docs/ and systemd units repeat."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack import reflex_inside

PYTHON = (sys.executable, "-m")
QUEUE_WORKERS = {"hardware": 2, "poll": 1, "billing": 1, "mail": 1, "default": 1}
"""Worker processes per queue. One queue each: only then is taking a job crash-safe in RQ."""
NEWCOMERS = 4
"""Machines of the lab that have just come from the factory, and are there to be taken in."""


@dataclass(frozen=True)
class Program:
    """One process that is kept running."""

    name: str
    command: tuple[str, ...]
    group: str = "portal"
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    seconds_to_stop: int = 6
    user: str | None = None
    directory: Path | None = None
    """Where it starts; the project's root when None."""


def web(port: int) -> Program:
    """Pages, socket and plain HTTP on one port."""
    command = (
        *(*PYTHON, "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--respawn-failed-workers", "--workers-kill-timeout", "3", "--no-access-log"),
        "opsportal.opsportal:app",
    )
    return Program("web", command, environment=reflex_inside.SERVE_WHAT_IS_BUILT)


def background() -> list[Program]:
    """What works behind the pages: outbox dispatcher, schedule, one worker process per row and queue."""
    workers = [
        Program(f"worker-{queue}-{number}", (*PYTHON, "workers.worker", queue))
        for queue, count in QUEUE_WORKERS.items()
        for number in range(1, count + 1)
    ]
    return [
        Program("dispatcher", (*PYTHON, "workers.dispatcher")),
        *workers,
        Program("consoles", (*PYTHON, "workers.consoles")),
        Program("schedule", (*PYTHON, "workers.schedule")),
    ]


def lab(state: str, servers: int, *, machines: str, boot_url: str) -> Program:
    """The data centre on a laptop: BMCs, and machines that boot from the portal."""
    module = {"virtual": "lab.bmcs", "qemu": "lab.qemu"}[machines]
    where = ("--state", state, "--servers", str(servers), "--boot-url", boot_url)
    fresh = ("--newcomers", str(NEWCOMERS)) if machines == "virtual" else ()
    return Program("lab", (*PYTHON, module, "serve", *where, *fresh), group="lab")


def lab_switches(state: str, servers: int) -> Program:
    """The lab's switches, with counters that run."""
    command = (*PYTHON, "lab.switch", "--state", state, "--servers", str(servers))
    return Program("lab-switches", command, group="lab")


def mail_sink(smtp_port: int, web_port: int) -> Program:
    """A mail server that delivers nothing and shows what it was given."""
    ports = ("--smtp-port", str(smtp_port), "--web-port", str(web_port))
    return Program("mail-sink", (*PYTHON, "lab.mail_sink", *ports), group="lab")


def name_server(state: str, port: int) -> Program:
    """The lab's name server, which takes updates of reverse zones."""
    return Program("name-server", (*PYTHON, "lab.dns", "--state", state, "--port", str(port)), group="lab")


def payments(state: str, port: int, webhook: str) -> Program:
    """The lab's payment gateway: localstripe behind the proxy that breaks things."""
    command = (*PYTHON, "lab.payments", "--state", state, "--port", str(port), "--webhook", webhook)
    return Program("payments", command, group="lab")
