"""A BMC that lets us in and lies from then on: every question ends in time, with an answer or an error of ours."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
import unicodedata
from collections.abc import Callable, Iterator

import pytest

import bmc
from bmc import PowerState, Privilege
from tests.bmc import furnished
from tests.bmc.conftest import given_time
from tests.bmc.rmcp_plus import Mangle, Respond, SessionBmc
from tests.bmc.test_hostile_bmc import hostile_bmc

EVIL = "<img src=x onerror=alert(1)>\x1b[2J\x00\u202e%s{0}"
_S = 1.0
Question = Callable[[bmc.PowerControl], object]
QUESTIONS: dict[str, Question] = {
    "power": lambda control: control.power_state(timeout_s=_S),
    "boot": lambda control: bmc.capability(control, bmc.BootControl).read_boot(timeout_s=_S),
    "sensors": lambda control: bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=_S),
    "watts": lambda control: bmc.capability(control, bmc.PowerDraw).read_power_draw(timeout_s=_S),
    "events": lambda control: bmc.capability(control, bmc.EventLog).read_events(timeout_s=_S),
    "users": lambda control: bmc.capability(control, bmc.Users).list_users(timeout_s=_S),
    "parts": lambda control: bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=_S),
}


def texts(value: object) -> Iterator[str]:
    """Every text inside an answer."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from texts(getattr(value, one.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from texts(item)


def assert_harmless(answer: object) -> None:
    for text in texts(answer):
        assert not {"<", ">"} & set(text), text
        assert len(text) <= 256
        assert not [char for char in text if unicodedata.category(char)[0] == "C"], text


def ask(control: bmc.PowerControl, question: Question) -> object:
    """The answer or the error, which must come within the time, in our words."""
    start = time.monotonic()
    answer: object
    try:
        answer = question(control)
    except bmc.BmcError as error:
        answer = error
    assert time.monotonic() - start < _S + 20  # never for ever
    if isinstance(answer, bmc.BmcError):
        assert str(answer) == f"{answer.code}: {answer.advice}"
    return answer


def evil_records(netfn: int, command: int, data: bytes) -> bytes | None:
    """Endless repositories of endless records, with evil names."""
    number = int.from_bytes(data[2:4], "little") if len(data) >= 4 else 0
    following = ((number + 1) % 0xFFFF).to_bytes(2, "little")
    if (netfn, command) == (0x0A, 0x40):  # SEL info
        return b"\x00\x51\xff\xff" + bytes(10)
    if (netfn, command) == (0x0A, 0x43):
        return b"\x00" + following + data[2:4] + b"\x02" + os.urandom(13)
    if (netfn, command) in ((0x0A, 0x22), (0x04, 0x22)):
        return b"\x00\x01\x00"
    if (netfn, command) == (0x0A, 0x23):
        record = bytes(furnished.full_record(number & 0xFF, name=EVIL[:16], sensor_type=1, unit=1))
        return b"\x00" + following + record[data[4] : data[4] + data[5]]
    if (netfn, command) == (0x06, 0x46):
        return b"\x00" + EVIL.encode()[:16].ljust(16, b"\x00")
    if (netfn, command) == (0x0A, 0x10):
        return b"\x00\xff\xff\x00"
    if (netfn, command) == (0x0A, 0x11):
        area = bytes(furnished.fru(manufacturer="<b>" * 9, model=EVIL[:30], serial="\x1b]0;x\x07" * 3))
        at = int.from_bytes(data[1:3], "little")
        piece = area[at : at + data[3]]
        return bytes([0, len(piece)]) + piece
    return b"\x00" + bytes(range(1, 17))


LIES: dict[str, Respond] = {
    "evil records": evil_records,
    "empty answers": lambda *_: b"",
    "nothing but success": lambda *_: b"\x00",
    "one byte": lambda *_: b"\x00\x01",
    "noise": lambda *_: b"\x00" + os.urandom(16),
    "as much as fits": lambda *_: b"\x00" + os.urandom(1024),
    "ones": lambda *_: b"\x00" + b"\xff" * 64,
    "refusals": lambda *_: b"\xff",
    "busy for ever": lambda *_: b"\xc0",
    "silence": lambda *_: None,
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_inside_a_session_end_in_time(lie: str) -> None:
    server = SessionBmc(LIES[lie])
    with hostile_bmc(server) as endpoint:
        for question in QUESTIONS.values():
            with bmc.connect(endpoint) as control:
                assert_harmless(ask(control, question))
        if not server.commands:  # a second was too short for each child process to begin
            with bmc.connect(endpoint) as control, contextlib.suppress(bmc.BmcError):
                control.power_state(timeout_s=30)
    assert server.commands


def test_the_responder_is_understood_when_it_tells_the_truth() -> None:
    with hostile_bmc(SessionBmc(lambda *_: b"\x00\x01\x00\x00\x00")) as endpoint:
        with bmc.connect(endpoint) as control:
            assert control.power_state(timeout_s=10) == PowerState.ON


BENT: dict[str, Mangle] = {
    "another signature": lambda packet: [packet[:-1] + bytes([packet[-1] ^ 1])],
    "cut short": lambda packet: [packet[:40]],
    "another session": lambda packet: [packet[:6] + b"\x00\x00\x00\x00" + packet[10:]],
    "a length beyond the packet": lambda packet: [packet[:14] + b"\xff\xff" + packet[16:]],
    "a length of nothing": lambda packet: [packet[:14] + b"\x00\x00" + packet[16:]],
    "unencrypted": lambda packet: [packet[:5] + b"\x00" + packet[6:]],
}


@pytest.mark.parametrize("bend", BENT)
def test_a_packet_that_was_tampered_with_is_no_answer(bend: str) -> None:
    server = SessionBmc(lambda *_: b"\x00\x01\x00\x00\x00", BENT[bend])
    with hostile_bmc(server) as endpoint, bmc.connect(endpoint) as control:
        with pytest.raises(bmc.BmcError) as caught:
            control.power_state(timeout_s=_S)
    assert type(caught.value) in (bmc.BmcProtocolError, bmc.BmcUnreachable, bmc.BmcDeadlineExceeded)


def test_an_answer_a_hundred_times_over_is_one_answer() -> None:
    server = SessionBmc(lambda *_: b"\x00\x01\x00\x00\x00", lambda packet: [packet] * 100)
    with hostile_bmc(server) as endpoint, bmc.connect(endpoint) as control:
        assert [control.power_state(timeout_s=10) for _ in range(3)] == [PowerState.ON] * 3
    assert [one for one in server.commands if one[:2] == (0, 1)] == [(0, 1, b"")] * 3


def test_a_drip_gives_a_partial_answer_in_time() -> None:
    def slowly(netfn: int, command: int, data: bytes) -> bytes | None:
        if (netfn, command) == (0x0A, 0x43):
            time.sleep(0.2)
        return evil_records(netfn, command, data)

    with hostile_bmc(SessionBmc(slowly)) as endpoint, bmc.connect(endpoint) as control:
        assert control.power_state(timeout_s=60) == PowerState.ON  # signed in: the time is the drip's alone
        read_events = bmc.capability(control, bmc.EventLog).read_events
        start = time.monotonic()
        log = given_time(lambda seconds: read_events(timeout_s=seconds), 6, 30)
        assert time.monotonic() - start < 100
    assert log.partial is not None
    assert 0 < len(log.events) <= 50


def test_a_created_user_that_never_appears_is_no_success() -> None:
    with hostile_bmc(SessionBmc(lambda *_: b"\x00" + bytes(20))) as endpoint:
        with bmc.connect(endpoint) as control, pytest.raises(bmc.BmcError):
            bmc.capability(control, bmc.Users).create_user(
                "guest", "password", privilege=Privilege.OPERATOR, timeout_s=3
            )
