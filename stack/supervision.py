"""Keeps a set of programs running: generates supervisord's configuration, starts it, talks to it.

supervisord is tethered to us (`stack.tether`): when we are gone, however that happened, it ends and
takes everything with it. When it is the one that is gone, `Supervisor.revive` starts it again.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from stack import reaper, tether
from stack.programs import Program

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("databases", "lab", "portal")
"""Groups in the order they start; they stop in the opposite one, the databases last."""


class SupervisionError(Exception):
    """supervisord did not start or does not answer."""


class Supervisor:
    """A supervisord of our own, with its configuration and logs in a directory of ours."""

    def __init__(self, directory: Path, *, socket_path: Path, logs: Path, lock: Path) -> None:
        self._configuration = directory / "supervisord.conf"
        self._pid_file = directory / "supervisord.pid"
        self._socket = socket_path
        self._logs = logs
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, programs: Sequence[Program], environment: Mapping[str, str]) -> None:
        """Starts supervisord with these programs, none of them running yet."""
        self._configuration.write_text(self.configuration(programs))
        self._configuration.chmod(0o600)
        self._socket.unlink(missing_ok=True)
        command = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(self._configuration)]
        with (self._logs / "supervisord.out").open("ab") as output:
            self._process = subprocess.Popen(
                tether.tethered(self._lock, command),
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us to handle: the databases stop after their clients
            )
        self._wait_until_answering()

    def launch(self, programs: Iterable[Program]) -> None:
        """Starts these programs; does nothing for those that run already."""
        with self._connection() as server:
            for program in programs:
                try:
                    server.supervisor.startProcess(f"{program.group}:{program.name}", False)
                except xmlrpc.client.Fault as fault:
                    if "ALREADY_STARTED" not in fault.faultString:
                        raise SupervisionError(
                            f"{program.name} cannot be started: {fault.faultString}"
                        ) from fault

    def states(self) -> dict[str, str]:
        """State per program: STARTING, RUNNING, BACKOFF, STOPPED …"""
        with self._connection() as server:
            rows: Any = server.supervisor.getAllProcessInfo()
            return {row["name"]: row["statename"] for row in rows}

    def pids(self) -> dict[str, int]:
        """Process number per running program."""
        with self._connection() as server:
            rows: Any = server.supervisor.getAllProcessInfo()
            return {row["name"]: row["pid"] for row in rows if row["pid"]}

    def has_ended(self, *, within: float) -> bool:
        """Waits up to `within` seconds for supervisord to end; true when it has."""
        assert self._process is not None
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """Ends supervisord and everything it runs; returns when they have, or after half a minute."""
        if self._process is None:
            return
        self._process.terminate()
        if not self.has_ended(within=tether.GRACE + 5):
            self._process.kill()

    def configuration(self, programs: Sequence[Program]) -> str:
        """supervisord's configuration file. No secrets: those are in the environment."""
        sections: list[tuple[str, dict[str, object]]] = [
            ("unix_http_server", {"file": self._socket, "chmod": "0700"}),
            ("rpcinterface:supervisor", {_FACTORY: "supervisor.rpcinterface:make_main_rpcinterface"}),
            ("supervisord", self._own_settings()),
            ("eventlistener:reaper", self._reaper_settings()),
            *((f"program:{one.name}", self._program_settings(one)) for one in programs),
            *_groups(programs),
        ]
        return "\n".join(_section(title, settings) for title, settings in sections)

    def _own_settings(self) -> dict[str, object]:
        log = {"logfile": self._logs / "supervisord.log", "logfile_maxbytes": "5MB", "logfile_backups": 1}
        return {
            **log,
            "pidfile": self._pid_file,
            "nodaemon": "true",
            "silent": "true",
            "identifier": "opsportal",
        }

    def _reaper_settings(self) -> dict[str, object]:
        command = shlex.join([sys.executable, "-m", "stack.reaper"])
        log = {"stderr_logfile": self._program_log("reaper"), "stderr_logfile_maxbytes": "1MB"}
        return {
            "command": command,
            "events": ",".join(reaper.EVENTS),
            # Of more than ten that wait supervisord forgets the oldest, as when everything dies at once.
            "buffer_size": 1_000,
            "directory": ROOT,
            "priority": 1,
            **log,
        }

    def _program_settings(self, program: Program) -> dict[str, object]:
        settings: dict[str, object] = {
            "command": shlex.join(program.command),
            "directory": program.directory or ROOT,
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 1,
            "startretries": 1_000_000_000,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": program.seconds_to_stop,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": self._program_log(program.name),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 1,
        }
        if program.environment:
            settings["environment"] = ",".join(
                f'{name}="{value}"' for name, value in program.environment.items()
            )
        if program.user:
            settings["user"] = program.user
        return settings

    def _program_log(self, name: str) -> str:
        # supervisord 4.3 expands these values twice.
        return str(self._logs / f"{name}.log").replace("%", "%%")

    def _connection(self) -> xmlrpc.client.ServerProxy:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def _wait_until_answering(self, timeout: float = 120.0) -> None:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                self.states()
                return
            except (OSError, HTTPException, xmlrpc.client.Error):
                if self.has_ended(within=0.05):
                    break
        raise SupervisionError(f"supervisord did not start: {self._logs / 'supervisord.log'} says why.")


_FACTORY = "supervisor.rpcinterface_factory"


def _groups(programs: Sequence[Program]) -> Iterator[tuple[str, dict[str, object]]]:
    for position, name in enumerate(ORDER, start=1):
        members = [one.name for one in programs if one.group == name]
        if members:
            yield f"group:{name}", {"programs": ",".join(members), "priority": 10 * position}


def _section(title: str, settings: Mapping[str, object]) -> str:
    # supervisord expands %(…)s in every value.
    lines = [f"{name} = {str(value).replace('%', '%%')}" for name, value in settings.items()]
    return "\n".join([f"[{title}]", *lines, ""])
