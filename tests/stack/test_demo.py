"""The demo's life: start, start again, ports and doubles, kills of everything, and no process left."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack import demo as demo_module
from stack.disposable import state_directory
from stack.installation import Installation
from stack.options import Options
from stack.sockets import short_directory, socket_directory
from stack.supervision import Supervisor
from tests.ports import free_port
from tests.stack.standin import PROGRAMS, Demo, make_project, running_demo, start
from tests.stack.waiting import lives, wait_until

pytestmark = pytest.mark.xdist_group("stack-demo")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


@pytest.fixture
def data() -> Iterator[Path]:
    with state_directory() as directory:
        yield directory


@pytest.fixture
def awkward(tmp_path: Path) -> Iterator[Path]:
    """A directory that is too deep for sockets, oddly named and, as root, closed to the database's account."""
    state = tmp_path / "somebody's 100% state" / ("deep" * 12)
    yield state
    if (state / "postgres").is_symlink():
        shutil.rmtree((state / "postgres").resolve())


def supervisor_of(running: Demo) -> Supervisor:
    options = Options(running.data, running.port, 2)
    return Installation.prepare(options).supervisor(running.data / "lock")


def shared_places_of(running: Demo) -> set[Path]:
    """Its sockets' directories that are in a place where others have theirs, too."""
    installation = Installation.prepare(Options(running.data, running.port, 2))
    mine = {socket_directory(running.data), installation.cluster.sockets, installation.store.socket.parent}
    return {place for place in mine if place.parent == short_directory()}


def is_healthy(running: Demo) -> bool:
    return demo_module.health(f"http://127.0.0.1:{running.port}") == ""


def test_prints_address_and_sign_ins_and_leaves_nothing(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        lines = running.wait_until_announced()
        ports = json.loads((data / "ports.json").read_text())
        assert lines[-4:] == [
            f"portal http://127.0.0.1:{running.port}",
            f"mail http://127.0.0.1:{ports['mail']}",
            "sign-in client ana@example.com horse staple JBSWY3DP",
            "sign-in operator op@example.com battery -",
        ]
        supervisor = supervisor_of(running)
        wait_until(lambda: supervisor.states() == dict.fromkeys(PROGRAMS, "RUNNING"))
        assert running.end() == 0
        assert running.processes() == []


def test_second_start_keeps_data(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        secrets = (data / "secrets.json").read_text()
        running.end()
    with running_demo(project, data) as running:
        running.wait_until_announced()
        assert (data / "secrets.json").read_text() == secrets


def test_state_may_be_in_an_awkward_place(project: Path, awkward: Path) -> None:
    with running_demo(project, awkward) as running:
        running.wait_until_announced()
        places = shared_places_of(running)
        assert places
        assert running.end() == 0
        assert running.processes() == []
    assert not any(place.exists() for place in places)


def test_every_process_that_is_killed_comes_back(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        supervisor = supervisor_of(running)
        before = supervisor.pids()
        assert before.keys() == PROGRAMS
        for pid in before.values():
            os.kill(pid, signal.SIGKILL)

        def all_are_back() -> bool:
            pids = supervisor.pids()
            states = supervisor.states()
            # One that was between two lives when the numbers were read has none of them.
            return all(
                states[name] == "RUNNING" and pids.get(name, before[name]) != before[name]
                for name in PROGRAMS
            )

        wait_until(all_are_back, timeout=120)
        wait_until(lambda: is_healthy(running))
        assert running.end() == 0
        assert running.processes() == []


def test_server_process_that_outlives_its_parent_is_ended(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        web = psutil.Process(supervisor_of(running).pids()["web"])
        children = web.children(recursive=True)
        assert children
        web.kill()
        wait_until(lambda: not any(lives(child) for child in children))
        wait_until(lambda: is_healthy(running))


def test_everything_comes_back_when_supervisord_is_killed(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        supervisor = supervisor_of(running)
        before = supervisor.pids()
        os.kill(psutil.Process(before["web"]).ppid(), signal.SIGKILL)
        assert running.process.stdout is not None
        assert running.process.stdout.readline() == "· supervisord has ended: starting everything again\n"
        assert running.process.stdout.readline() == "· everything runs again\n"
        wait_until(lambda: is_healthy(running))
        assert not set(before.values()) & set(supervisor.pids().values())
        assert running.end() == 0
        assert running.processes() == []


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end(project: Path, data: Path, sent: signal.Signals) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        running.process.send_signal(sent)
        assert running.process.wait(120) == 0
        assert running.processes() == []


def test_everything_ends_when_the_launcher_is_killed(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        running.process.kill()
        wait_until(lambda: running.processes() == [])


def test_next_start_ends_what_a_double_kill_left(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        tether = next(one for one in running.processes() if "stack.tether" in one.cmdline())
        left = [one for one in running.processes() if one != tether]
        kept = [psutil.Process(pid) for pid in supervisor_of(running).pids().values()]
        tether.suspend()  # else it may hear of the first kill before the second one hits it
        wait_until(lambda: tether.status() == psutil.STATUS_STOPPED)
        running.process.kill()
        running.process.wait()
        tether.kill()
        # Not of all that is left: PostgreSQL's own helpers come and go.
        assert all(lives(one) for one in kept)
        with running_demo(project, data, running.port) as second:
            lines = second.wait_until_announced()
            # How many is not ours to say: PostgreSQL starts and ends helpers as it likes.
            assert re.fullmatch(r"· ended \d+ processes that an earlier start had left behind", lines[0])
            assert not any(lives(one) for one in left)


def test_a_strangers_process_is_left_alone(project: Path, data: Path) -> None:
    """Process numbers in stale files say nothing: whoever has that number now is not ours."""
    stranger = subprocess.Popen(["sleep", "3600"], cwd=project)
    try:
        with running_demo(project, data) as running:
            running.wait_until_announced()
            running.process.kill()
            wait_until(lambda: running.processes() == [])
        (data / "starting.json").write_text(f'{{"pid": {stranger.pid}, "url": ""}}')
        cluster = data / "postgres" / "cluster"
        (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n")
        with running_demo(project, data) as running:
            running.wait_until_announced()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_port_that_is_taken_is_said_in_one_sentence(project: Path, data: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = start(project, data, port)
        output, _ = refused.communicate(timeout=120)
    assert refused.returncode == 1
    assert output.startswith(f"Port {port} is taken by another program: end that one, or choose a free port")
    assert len(output.splitlines()) == 1
    assert not (data / "secrets.json").exists()


def test_second_start_on_the_same_state_is_refused(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        running.wait_until_announced()
        refused = start(project, data, free_port())
        output, _ = refused.communicate(timeout=120)
        assert refused.returncode == 1
        assert output == (
            f"A demo with its state in {data} runs already"
            f" (process {running.process.pid}, http://127.0.0.1:{running.port}):"
            " use that one, end it, or set DATA to another directory.\n"
        )
        wait_until(lambda: is_healthy(running))


def test_a_step_that_fails_names_itself_and_its_log(project: Path, data: Path) -> None:
    (project / "lab/demo_data.py").write_text("raise SystemExit('no companies today')")
    with running_demo(project, data) as running:
        output, _ = running.process.communicate(timeout=120)
        assert running.process.returncode == 1
        assert output.splitlines()[-1] == (
            "Stopped while filling in the demo companies: no companies today"
            f" ({data}/log/lab.demo_data.log has the whole story)"
        )
        assert running.processes() == []


def test_a_start_that_was_killed_half_way_is_started_over(project: Path, data: Path) -> None:
    with running_demo(project, data) as running:
        assert running.process.stdout is not None
        while "migrating" not in running.process.stdout.readline():
            pass
        running.process.kill()
    with running_demo(project, data) as running:
        assert running.wait_until_announced()[-4] == f"portal http://127.0.0.1:{running.port}"
