"""The demo: from an empty directory to a portal that answers, and kept running until we are told to stop."""

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from types import FrameType

from stack import postgres, tether, valkey
from stack.frontend import Frontend, FrontendBuildError
from stack.installation import DATABASE, Installation, end_leftovers
from stack.options import CannotStart, Options, check_machines, check_port, make_data_directory
from stack.patience import Patience, work_of_children
from stack.secrets import SecretsUnreadable
from stack.supervision import ROOT, SupervisionError, Supervisor

STARTING = "starting.json"


class Stopped(Exception):
    """Somebody pressed Ctrl-C, sent SIGTERM or ended our parent."""


def run(environment: Mapping[str, str], *, ends_with_parent: bool = False) -> None:
    """Starts everything, prints address and sign-ins, and returns after it was told to stop.

    Raises CannotStart with one sentence. However it ends, no process of ours goes on.
    """
    options = Options.read(environment)
    check_machines(options.machines)
    make_data_directory(options.data)
    stop = _Stop(ends_with_parent=ends_with_parent)
    with _only_one(options), stop.listening():
        if left := end_leftovers(options.data):
            say(f"ended {left} processes that an earlier start had left behind")
        check_port(options.port)
        _Demo(options, stop).run()


def say(text: str) -> None:
    """One line of progress."""
    print(f"· {text}", flush=True)


class _Stop:
    """Whether we were told to stop."""

    def __init__(self, *, ends_with_parent: bool) -> None:
        self._told = threading.Event()
        self._parent = os.getppid() if ends_with_parent else None

    @contextmanager
    def listening(self) -> Iterator[None]:
        def tell(_signal: int, _frame: FrameType | None) -> None:
            self._told.set()

        before = {one: signal.signal(one, tell) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def check(self) -> None:
        """Raises Stopped when we were told to."""
        if self._told.is_set() or (self._parent is not None and os.getppid() != self._parent):
            raise Stopped


@contextmanager
def _only_one(options: Options) -> Iterator[None]:
    lock = options.data / "lock"
    try:
        with tether.held(lock):
            (options.data / STARTING).write_text(json.dumps({"pid": os.getpid(), "url": options.url}))
            yield
    except tether.LockHeld:
        raise CannotStart(
            f"A demo with its state in {options.data} runs already{_known(options)}:"
            " use that one, end it, or set DATA to another directory."
        ) from None


def _known(options: Options) -> str:
    """Which demo it is; nothing when that one has begun so shortly ago that it has not said so yet."""
    try:
        known = json.loads((options.data / STARTING).read_text())
        return f" (process {known['pid']}, {known['url']})"
    except (OSError, ValueError, LookupError):
        return ""


class _Demo:
    def __init__(self, options: Options, stop: _Stop) -> None:
        self.options = options
        self.stop = stop
        self.frontend = Frontend(ROOT)

    def run(self) -> None:
        try:
            self._run()
        except Stopped:
            return
        except (SupervisionError, SecretsUnreadable, FrontendBuildError) as error:
            raise CannotStart(str(error)) from error
        except (postgres.PostgresError, valkey.ValkeyError) as error:
            raise CannotStart(f"{error} ({self.options.data / 'log'} has the logs)") from error

    def _run(self) -> None:
        say("preparing databases")
        installation = Installation.prepare(self.options)
        self.environment = installation.environment()
        supervisor = installation.supervisor(self.options.data / "lock")
        build = _Build(self.frontend, self.environment, installation.logs / "frontend.log")
        try:
            self._start(installation, supervisor, build)
            self._announce(installation)
            self._keep_running(installation, supervisor)
        except Stopped:
            say("stopping")
            raise
        finally:
            build.give_up()
            supervisor.stop()
            end_leftovers(self.options.data)
            installation.discard_sockets()

    def _start(self, installation: Installation, supervisor: Supervisor, build: _Build) -> None:
        self._start_databases(installation, supervisor)
        self._step("migrating the database", "alembic", "upgrade", "head")
        if self.options.machines == "qemu":
            self._step("building what servers boot (the first time downloads 29 MB)", "lab.qemu", "build")
        supervisor.launch(installation.lab())
        self._step("filling in the demo companies", "lab.demo_data")
        build.wait(self.stop)
        say("starting the portal")
        supervisor.launch(installation.portal())
        self._wait_until_healthy(supervisor)

    def _start_databases(self, installation: Installation, supervisor: Supervisor) -> None:
        programs = [*installation.databases(), *installation.lab(), *installation.portal()]
        supervisor.start(programs, self.environment)
        postgres.forget_dead_postmaster(installation.cluster)
        supervisor.launch(installation.databases())
        valkey.wait_until_ready(installation.store)
        postgres.wait_until_ready(installation.cluster)
        postgres.ensure_database(installation.cluster, DATABASE)

    def _step(self, title: str, module: str, *arguments: str) -> None:
        """Runs one of our modules to its end, its output in a log of its own."""
        say(title)
        log = self.options.data / "log" / f"{module}.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        while True:
            self.stop.check()
            try:
                code = child.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                continue
        if code != 0:
            lines = log.read_text(errors="replace").strip().splitlines() or ["nothing was written"]
            raise CannotStart(f"Stopped while {title}: {lines[-1][:300]} ({log} has the whole story)")

    def _wait_until_healthy(self, supervisor: Supervisor) -> None:
        patience = Patience(work_of_children)
        while missing := health(self.options.url):
            self.stop.check()
            if supervisor.has_ended(within=0.2):
                raise SupervisionError("supervisord ended while the portal was starting.")
            if patience.is_over(missing):
                raise CannotStart(
                    f"The portal did not become healthy: {missing} ({self.options.data / 'log'})"
                )

    def _announce(self, installation: Installation) -> None:
        print(f"portal {self.options.url}", flush=True)
        print(f"mail {installation.mail_url}", flush=True)
        for line in sign_ins(self.options.data):
            print(line, flush=True)

    def _keep_running(self, installation: Installation, supervisor: Supervisor) -> None:
        while True:
            self.stop.check()
            if supervisor.has_ended(within=0.5):
                say("supervisord has ended: starting everything again")
                end_leftovers(self.options.data)
                self._start_databases(installation, supervisor)
                supervisor.launch([*installation.lab(), *installation.portal()])
                self._wait_until_healthy(supervisor)
                say("everything runs again")


class _Build:
    """The frontend's build, while the databases are prepared."""

    def __init__(self, frontend: Frontend, environment: Mapping[str, str], log: Path) -> None:
        self._frontend = frontend
        self._error: FrontendBuildError | None = None
        self._began = time.monotonic()
        self._is_needed = not frontend.is_current()
        if self._is_needed:
            say("building the frontend meanwhile (the first time takes a minute or so)")
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(environment, log), daemon=True)
        self._thread.start()

    def give_up(self) -> None:
        """Begins no further build; the one that runs ends with the other processes."""
        self._given_up.set()

    def _run(self, environment: Mapping[str, str], log: Path) -> None:
        try:
            self._frontend.build(environment, log=log, given_up=self._given_up)
        except FrontendBuildError as error:
            self._error = error

    def wait(self, stop: _Stop) -> None:
        """Returns when the build is there; raises FrontendBuildError, or Stopped."""
        told = time.monotonic()
        while self._thread.is_alive():
            stop.check()
            self._thread.join(0.2)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                say(f"still building the frontend ({told - self._began:.0f} s)")
        if self._error:
            raise self._error
        if self._is_needed:
            say(f"the frontend is built ({time.monotonic() - self._began:.0f} s)")


def health(url: str) -> str:
    """What is not alive yet, by the portal's own `GET /healthz`; empty when all is."""
    try:
        return _health(url)
    except (OSError, HTTPException):  # also in the middle of its answer: whoever is killed breaks off
        return "the web process does not answer"


def _health(url: str) -> str:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310 our own http address
            return "" if answer.status == 200 else f"status {answer.status}"
    except urllib.error.HTTPError as error:
        return error.read(2000).decode(errors="replace")


def sign_ins(data: Path) -> list[str]:
    """One line per demo account: `sign-in ROLE EMAIL PASSWORD TOTP`, `-` without a second factor."""
    accounts = json.loads((data / "sign-ins.json").read_text())
    return [
        f"sign-in {one['role']} {one['email']} {one['password']} {one['totp_secret'] or '-'}"
        for one in accounts
    ]
