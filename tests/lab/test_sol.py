"""The serial console over LAN: pyghmi's client and ipmitool, takeover, and viewers that just vanish."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time

import pytest

from lab.bmcs.sessions import IDLE_SECONDS
from tests.lab.labs import Server
from tests.tools import need_tool

SESSION_ACTIVE, NOT_ACTIVE = 0x80, 0x80
ACTIVATE = ["raw", 6, 0x48, [1, 1, 0xC0, 0, 0, 0]]
DEACTIVATE = ["raw", 6, 0x49, [1, 1, 0, 0, 0, 0]]
OWNER = ["raw", 6, 0x4B, [1, 1]]
NOBODY = [0, [0] * 12]


def test_somebody_logs_in_over_pyghmi(server: Server) -> None:
    name = server.name
    assert server.wait(stage="login")["stage"] == "login"
    turns = [["", "login: "], ["root\r", "Password: "], ["secret\r", "# "], ["hostname\r", f"\r\n{name}\r\n"]]
    (heard,) = server.pyghmi(["sol", *turns])
    assert "systemd[1]: Hostname set to" in heard  # what was printed before we came
    assert f"{name} login: root\r\nPassword: \r\nLinux {name} " in heard
    assert "secret" not in heard
    assert server.show()["sessions"] <= 1


def test_a_reboot_is_watched_from_shutdown_to_login(server: Server) -> None:
    turns = [
        ["root\rx\r", "# "],
        ["reboot\r", "Restarting system"],
        ["", "iPXE"],
        ["", f"{server.name} login: "],
    ]
    server.pyghmi(["set_bootdev", "network", False, False])
    (heard,) = server.pyghmi(["sol", *turns])
    boot = heard[heard.index("Restarting system") :]
    assert 40 <= len(boot.splitlines()) <= 60
    expected = ["System BIOS", "iPXE 1.21.1", "GRUB loading.", "Linux version 6.1", "Started ssh", "login: "]
    places = [boot.index(text) for text in expected]
    assert places == sorted(places)
    assert server.effects() == ["restart"]


def test_poweroff_typed_on_the_console_switches_the_machine_off(server: Server) -> None:
    server.pyghmi(["sol", ["root\rx\rpoweroff\r", "Power down"]])
    server.wait(power="off")
    assert (server.commands(), server.effects()) == (["shutdown"], ["power-off"])


def test_ipmitool_attaches_types_and_leaves(server: Server) -> None:
    need_tool("ipmitool")
    ours, theirs = pty.openpty()
    viewer = subprocess.Popen(
        [*server.ipmitool_command(), "sol", "activate"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    heard = _read_until(ours, "login: ")
    os.write(ours, b"admin\r")
    heard += _read_until(ours, "Password: ")
    os.write(ours, b"x\r")
    heard += _read_until(ours, "# ")
    os.write(ours, b"\r~.")
    assert viewer.wait(timeout=60) == 0
    assert "SOL Session operational" in heard
    assert f"admin@{server.name}:~# " in heard
    assert server.pyghmi(OWNER) == [NOBODY]


def test_one_viewer_at_a_time_and_a_second_may_take_over(server: Server) -> None:
    answers = server.pyghmi(ACTIVATE, ACTIVATE, DEACTIVATE, DEACTIVATE, ACTIVATE)
    port = list(server.identity["port"].to_bytes(2, "little"))
    granted = [0, [0, 0, 0, 0, 200, 0, 200, 0, *port, 0xFF, 0xFF]]
    assert answers == [granted, [SESSION_ACTIVE, []], [0, []], [NOT_ACTIVE, []], granted]


def test_a_console_whose_viewer_said_goodbye_is_free(server: Server) -> None:
    server.pyghmi(ACTIVATE)
    assert server.pyghmi(OWNER) == [NOBODY]


def test_a_console_whose_viewer_was_killed_is_free_when_it_stops_acknowledging(server: Server) -> None:
    need_tool("ipmitool")
    ours, theirs = pty.openpty()
    viewer = subprocess.Popen(
        [*server.ipmitool_command(), "sol", "activate"], stdin=theirs, stdout=theirs, stderr=theirs
    )
    _read_until(ours, "login: ")
    assert server.pyghmi(ACTIVATE) == [[SESSION_ACTIVE, []]]
    viewer.kill()
    viewer.wait()
    server.ask("press", button="reset")  # it prints, nobody acknowledges
    deadline = time.monotonic() + IDLE_SECONDS / 2
    while server.pyghmi(OWNER) != [NOBODY]:
        assert time.monotonic() < deadline


def test_a_machine_that_is_off_lets_viewers_wait_for_it(server: Server) -> None:
    server.ask("press", button="off")
    server.wait(power="off")
    code, _ = server.pyghmi(ACTIVATE)[0]
    assert code == 0


def test_an_unknown_payload_is_refused(server: Server) -> None:
    assert server.pyghmi(["raw", 6, 0x48, [2, 1, 0, 0, 0, 0]]) == [[0x81, []]]


def _read_until(handle: int, text: str, *, seconds: float = 60.0) -> str:
    heard, deadline = "", time.monotonic() + seconds
    while text not in heard:
        if not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
            pytest.fail(f"no {text!r} in {heard!r}")
        heard += os.read(handle, 4096).decode()
    return heard
