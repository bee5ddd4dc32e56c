"""The control API and its command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.bmcs.client import LabRefusal, LabUnreachable, ask, read_newcomers, socket_address
from tests.lab.labs import ROOT, RunningLab, Server


def test_list_names_every_machine_with_its_last_lines(shared_lab: RunningLab) -> None:
    listed = ask(shared_lab.directory, "list", lines=1)
    fleet, newcomers = listed[: shared_lab.servers], listed[shared_lab.servers :]
    assert [row["name"] for row in fleet] == [row["name"] for row in shared_lab.fleet()]
    assert [row["name"] for row in newcomers] == [row["name"] for row in read_newcomers(shared_lab.directory)]
    last = fleet[-1]
    assert (last["power"], last["stage"], last["fault"]) == ("on", "login", "none")
    assert last["console"] == [f"{last['name']} login: "]


@pytest.mark.parametrize(
    ("op", "fields"),
    [
        ("fault", {"name": "node-999", "kind": "busy"}),
        ("explode", {"name": "node-001"}),
        ("press", {"name": "node-001", "button": "eject"}),
        ("wait", {"name": "node-001"}),
        ("wait", {"name": "node-001", "power": "on", "stage": "login"}),
        ("list", {"lines": "many"}),
        ("show", {"name": ["node-001"]}),
    ],
)
def test_nonsense_is_refused_with_a_sentence(
    shared_lab: RunningLab, op: str, fields: dict[str, object]
) -> None:
    with pytest.raises(LabRefusal) as refusal:
        ask(shared_lab.directory, op, **fields)
    assert refusal.value.code == "unknown_request"
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    "request_line", [b"\n", b"[]\n", b"{\n", b'"x"\n', b"\xff\xfe\n", b"{" * 5000 + b"\n", b""]
)
def test_a_broken_request_harms_nobody(shared_lab: RunningLab, request_line: bytes) -> None:
    with socket_address(shared_lab.directory) as address, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(address)
        connection.sendall(request_line)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").readline()
    assert answer == b"" or json.loads(answer)["refused"] == "unknown_request"
    assert len(ask(shared_lab.directory, "list")) == shared_lab.servers + shared_lab.newcomers


def test_a_wait_in_vain_says_how_things_are(server: Server) -> None:
    with pytest.raises(
        LabRefusal, match=f"^{server.name} is on, login after 0.1 s; it keeps its way.$"
    ) as refusal:
        server.wait(power="off", timeout=0.1)
    assert refusal.value.code == "not_in_time"


def test_stopping_the_lab_hangs_up_on_whoever_waits(start_lab: Callable[..., RunningLab]) -> None:
    lab = start_lab(servers=1)
    with socket_address(lab.directory) as address, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(address)
        connection.sendall(b'{"op": "wait", "name": "node-001", "power": "off", "timeout": 60}\n')
        assert len(ask(lab.directory, "list")) == 1
        assert lab.end(signal.SIGTERM) == 0
        assert connection.makefile("rb").readline() == b""
    assert not (lab.directory / "control.sock").exists()


def test_a_deep_directory_has_a_control_socket_too(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir()
    lab = RunningLab(deep, servers=1)
    lab.start()
    try:
        assert len(os.fsencode(deep / "control.sock")) > 108
        assert lab.take().show()["power"] == "on"
    finally:
        assert lab.end() == 0


def test_no_lab_is_explained(tmp_path: Path) -> None:
    with pytest.raises(LabUnreachable, match=f"Start it with: python -m lab.bmcs serve --state {tmp_path}$"):
        ask(tmp_path, "list")
    shown = _cli(tmp_path, "status")
    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr.startswith(f"No lab answers in {tmp_path} ")


def test_the_command_line_breaks_mends_and_shows(server: Server) -> None:
    state = server.lab.directory
    port = server.identity["port"]
    assert _cli(state, "fault", server.name, "slow", "--seconds", "2").stdout.splitlines()[1].split() == [
        *(server.name, f"127.0.0.1:{port}", "on", "login", "slow", "0", "0")
    ]
    assert (server.show()["fault"], server.show()["fault_seconds"]) == ("slow", 2.0)

    assert _cli(state, "clear", server.name).returncode == 0
    assert server.show()["fault"] == "none"

    assert " no AC " in _cli(state, "unplug", server.name).stdout
    assert _cli(state, "plug", server.name).returncode == 0
    server.wait(stage="login")

    assert _cli(state, "press", server.name, "off").returncode == 0
    server.wait(power="off")
    rows = _cli(state, "status").stdout.splitlines()
    assert len(rows) == server.lab.servers + server.lab.newcomers + 1
    assert rows[int(server.name[-3:])].split()[2:4] == ["off", "off"]
    assert _cli(state, "console", server.name, "--lines", "2").stdout == f"{server.name} login: \n\n"


def test_the_command_line_refuses_what_is_not_there(shared_lab: RunningLab) -> None:
    refused = _cli(shared_lab.directory, "clear", "node-999")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "There is no machine 'node-999'; nothing was done.\n"


def test_the_client_needs_no_pyghmi() -> None:
    code = "import sys, lab.bmcs.client, lab.bmcs.__main__; sys.exit('pyghmi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=False).returncode == 0


def _cli(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab.bmcs", *words, "--state", str(state)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
