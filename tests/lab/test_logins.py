"""Who gets in, who does not, and that sessions do not pile up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from lab.bmcs.sessions import HANDSHAKE_SECONDS, IDLE_SECONDS, MOST_SESSIONS, Sessions
from tests.lab.labs import RunningLab, Server
from tests.lab.rmcp import Wire, frame, open_request
from tests.tools import need_tool

LOGINS = 5000
UNAUTHORIZED_NAME, BAD_INTEGRITY_CHECK, NO_MATCHING_CIPHER_SUITE = 0x0D, 0x0F, 0x11


def until(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_credentials_are_unique_and_private(shared_lab: RunningLab) -> None:
    fleet = shared_lab.fleet()
    assert [row["name"] for row in fleet[:3]] == ["node-001", "node-002", "node-003"]
    for key in ("password", "port", "mac", "bmc_mac", "uuid"):
        assert len({row[key] for row in fleet}) == len(fleet)
    assert {row["host"] for row in fleet} == {"127.0.0.1"}
    for file in ("fleet.json", "identities.json", "control.sock"):
        assert (shared_lab.directory / file).stat().st_mode & 0o777 == 0o600
    assert all(row["password"] not in shared_lab.log for row in fleet)


def test_ipmitool_with_a_wrong_password_is_refused_at_once_and_counted(server: Server) -> None:
    need_tool("ipmitool")
    began = time.monotonic()
    assert server.ipmitool("power", "off", password="wrong").returncode == 1
    assert time.monotonic() - began < 30
    # Clients notice a wrong password by our RAKP 2 and go away without a word.
    until(lambda: server.show()["refused_logins"] == 1, seconds=HANDSHAKE_SECONDS + 60)
    shown = server.show()
    assert (shown["logins"], shown["sessions"], shown["power"]) == (0, 0, "on")
    assert server.commands() == []


def test_pyghmi_with_a_wrong_password_is_refused_at_once_and_counted(server: Server) -> None:
    assert server.pyghmi(["power"], password="wrong") == ["IpmiException: Incorrect password provided"]
    until(lambda: server.show()["refused_logins"] == 1, seconds=HANDSHAKE_SECONDS + 60)
    assert server.show()["sessions"] == 0


def test_an_unknown_user_is_refused_by_name(server: Server) -> None:
    assert server.pyghmi(["power"], username="root") == ["IpmiException: Unauthorized name in RAKP2"]
    assert server.show()["refused_logins"] == 2  # pyghmi tries again as an operator
    assert server.show()["logins"] == 0


def test_a_forged_proof_is_refused_and_forgotten(server: Server) -> None:
    with Wire(server.identity) as wire:
        assert wire.login(proof=bytes(20)) == BAD_INTEGRITY_CHECK
        assert wire.login() == 0
    shown = server.show()
    assert (shown["refused_logins"], shown["logins"], shown["sessions"]) == (1, 1, 1)


@pytest.mark.parametrize("suite", [(3, 4, 1), (1, 4, 1), (3, 1, 1), (0, 0, 0), (1, 1, 0), (2, 2, 1)])
def test_only_cipher_suite_3_is_spoken(server: Server, suite: tuple[int, int, int]) -> None:
    with Wire(server.identity) as wire:
        assert wire.open(suite)[1] == NO_MATCHING_CIPHER_SUITE
    assert server.show()["sessions"] == 0


def test_ipmitool_with_no_security_at_all_does_not_get_in(server: Server) -> None:
    need_tool("ipmitool")
    answer = subprocess.run(
        [*server.ipmitool_command(suite="0"), "power", "off"], capture_output=True, timeout=60, check=False
    )
    assert answer.returncode == 1
    assert server.commands() == []


def test_garbage_is_dropped_and_the_bmc_answers_on(server: Server) -> None:
    whole = frame(0x10, open_request((1, 1, 1)))
    garbage = [whole[:length] for length in range(len(whole))]
    garbage += [os.urandom(size) for size in range(1, 1000, 7)]
    garbage += [whole[:16] + os.urandom(size) for size in range(0, 64)]
    garbage += [frame(kind, os.urandom(48), session=7) for kind in range(256)]
    garbage += [b"\x06\x00\xff\x07\x00" + os.urandom(size) for size in range(60)]
    for start in range(0, len(garbage), 50):  # as much as a receive buffer surely holds
        with Wire(server.identity) as wire:
            for packet in garbage[start : start + 50]:
                wire.send(packet)
        with Wire(server.identity) as wire:
            assert wire.login() == 0
    assert (server.commands(), server.show()["power"]) == ([], "on")
    assert server.show()["dropped_packets"] > 0


def test_a_command_without_the_session_key_is_dropped(server: Server) -> None:
    with Wire(server.identity) as wire:
        number = int.from_bytes(wire.open()[8:12], "little")
        power_off = bytes([0x20, 0x00, 0xE0, 0x81, 0x04, 0x02, 0x00, 0x79])
        wire.send(frame(0x40, power_off + bytes(12), session=number))
        wire.send(frame(0x00, power_off, session=number))
        wire.send(frame(0xC0, power_off + bytes(12), session=number))
        assert wire.login() == 0
    assert (server.commands(), server.show()["power"]) == ([], "on")


def test_fifty_clients_at_once(server: Server) -> None:
    with ThreadPoolExecutor(50) as pool:
        wires = list(pool.map(lambda _: Wire(server.identity), range(50)))
        assert set(pool.map(lambda wire: wire.login(), wires)) == {0}
    shown = server.show()
    assert (shown["logins"], shown["sessions"], shown["refused_logins"]) == (50, 50, 0)
    assert server.pyghmi(["power"]) == ["on"]
    for wire in wires:
        wire.socket.close()


def test_a_session_that_says_goodbye_is_gone(server: Server) -> None:
    assert server.pyghmi(["power"]) == ["on"]
    until(lambda: server.show()["sessions"] == 0, seconds=60)


def test_a_full_table_lets_go_of_unfinished_logins_first_and_then_of_the_idlest() -> None:
    sessions, now = Sessions(), time.monotonic()
    busy, idle = _session(1, touched=now), _session(2, touched=now - 5)
    unfinished = [
        _session(number, touched=now, is_established=False) for number in range(3, 3 + MOST_SESSIONS - 2)
    ]
    for session in (busy, idle, *unfinished):
        sessions.add(session)
    for number in range(100, 100 + len(unfinished)):
        sessions.add(_session(number, touched=now))
    assert [sessions.find(session.number) for session in unfinished] == [None] * len(unfinished)
    assert (sessions.find(1), sessions.find(2), len(sessions)) == (busy, idle, MOST_SESSIONS)
    sessions.add(_session(500, touched=now))
    assert (sessions.find(1), sessions.find(2), len(sessions)) == (busy, None, MOST_SESSIONS)


def test_a_session_that_idled_a_minute_is_forgotten() -> None:
    sessions, now = Sessions(), time.monotonic()
    sessions.add(_session(1, touched=now - IDLE_SECONDS - 1))
    sessions.add(_session(2, touched=now - IDLE_SECONDS + 10))
    sessions.expire()
    assert [session.number for session in sessions] == [2]


def _session(number: int, *, touched: float, is_established: bool = True) -> Any:
    return SimpleNamespace(number=number, touched=touched, is_established=is_established, is_refused=False)


def test_five_thousand_logins_leave_a_bounded_table_and_no_memory_behind(
    start_lab: Callable[..., RunningLab],
) -> None:
    lab = start_lab(servers=1)
    server, process = lab.take(), psutil.Process(lab.pid)
    _log_in(server, 500)
    before = process.memory_info().rss
    _log_in(server, LOGINS - 500)
    shown = server.show()
    assert (shown["logins"], shown["sessions"]) == (LOGINS, MOST_SESSIONS)
    assert process.memory_info().rss - before < 400_000  # 80 bytes a login; measured: none
    assert server.pyghmi(["power"]) == ["on"]


def _log_in(server: Server, times: int) -> None:
    for _ in range(times):
        with Wire(server.identity) as wire:
            assert wire.login() == 0
