"""Answers that a tenant's firmware could give: every script ends, bounded, with our own words."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from bmc.ipmi import boot, event_codes, events, sensors, units, users
from bmc.ipmi.asking import Refusal
from bmc.texts import clean_text
from tests.bmc import furnished

Bmc = Callable[[int, int, tuple[int, ...]], tuple[int, bytes]]


def run(script: Generator[Any, Any, Any], bmc: Bmc, most: int = 5_000) -> Any:
    """Answer a script's questions by `bmc` until it ends; fails when it asks without end."""
    answer: Any = None
    for _ in range(most):
        try:
            netfn, command, data, _repeatable = script.send(answer)
        except StopIteration as end:
            return end.value
        code, content = bmc(netfn, command, data)
        answer = {"code": code, "data": bytearray(content)}
    raise AssertionError("the script never ends")


def never_late() -> bool:
    return False


def endless_log(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
    if command == 0x40:
        return 0, bytes([0x51, 0xFF, 0xFF, 0, 0])
    at = data[2] | data[3] << 8
    following = (at + 1) % 0xFFFF
    body = furnished.system_event(1_700_000_000 + at, 0x0C, 9, (0x6F, 0x00, 0xFF, 0xFF))
    return 0, bytes([*following.to_bytes(2, "little"), *at.to_bytes(2, "little"), 0x02, *body])


def test_a_log_without_end_is_read_so_far() -> None:
    answer = run(events.read_events(50, never_late), endless_log, most=2_000)
    assert len(answer["events"]) == 50
    assert (answer["total"], answer["partial"]) == (0xFFFF, "too_many")
    newest = answer["events"][0]
    assert (newest["code"], newest["severity"]) == ("memory.corrected_error", "warning")
    assert newest["at"] - answer["events"][1]["at"] == 1


def test_a_log_that_points_at_itself() -> None:
    def circular(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
        code, content = endless_log(netfn, command, data)
        return (code, content) if command == 0x40 else (code, b"\x07\x00" + content[2:])

    answer = run(events.read_events(10, never_late), circular)
    assert answer["partial"] == "too_many"
    assert len(answer["events"]) <= 10


def test_a_log_that_stops_in_the_middle_is_an_answer_with_a_reason() -> None:
    count = 0

    def breaking(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
        nonlocal count
        count += 1
        return (0xFF, b"") if count > 5 else endless_log(netfn, command, data)

    answer = run(events.read_events(50, never_late), breaking)
    assert answer["partial"] == "unreadable"
    assert len(answer["events"]) == 2


def test_time_that_is_up_ends_every_walk() -> None:
    assert run(events.read_events(50, lambda: True), endless_log)["partial"] == "out_of_time"
    assert run(sensors.read_sensors(lambda: True), endless_repository)["partial"] == "out_of_time"


def endless_repository(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
    if command == 0x22:
        return 0, b"\x01\x00"
    if netfn == 0x04:
        return 0, bytes([50, 0xC0, 0xC0])
    at, offset, count = data[2] | data[3] << 8, data[4], data[5]
    record = bytes(furnished.full_record(at & 0xFF, name="<script>", sensor_type=1, unit=1))
    following = (at + 1) % 0xFFFF
    return 0, following.to_bytes(2, "little") + record[offset : offset + count]


def test_sensors_without_end_are_read_so_far_and_their_names_are_harmless() -> None:
    answer = run(sensors.read_sensors(never_late), endless_repository)
    assert len(answer["readings"]) == sensors.MAX_SENSORS
    assert answer["partial"] == "too_many"
    assert {reading["name"] for reading in answer["readings"]} == {"script"}


@pytest.mark.parametrize("length", [0, 1, 2, 3, 5, 9])
def test_answers_of_a_wrong_length_are_refused_or_left_out(length: int) -> None:
    def short(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
        return 0, b"\x01\x02\x03\x04\x05\x06\x07\x08\x09"[:length]

    scripts: list[Generator[Any, Any, Any]] = [
        sensors.read_sensors(never_late),
        sensors.read_power_draw(),
        events.read_events(10, never_late),
        units.read_inventory(never_late),
        boot.read_boot(),
        users.list_users(),
    ]
    for script in scripts:
        assert _outcome(script, short) in {"ended", "bmc_protocol_error", "bmc_unsupported"}


def _outcome(script: Generator[Any, Any, Any], bmc: Bmc) -> str:
    try:
        run(script, bmc)
    except Refusal as refusal:
        return str(refusal)
    return "ended"


def test_a_repository_that_keeps_changing_ends() -> None:
    def changing(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
        return (0, b"\x01\x00") if command == 0x22 else (0xC5, b"")

    with pytest.raises(Refusal):
        run(sensors.read_sensors(never_late), changing, most=50)


def test_a_bmc_that_cannot_give_many_bytes_is_asked_for_fewer() -> None:
    asked: list[int] = []

    def small(netfn: int, command: int, data: tuple[int, ...]) -> tuple[int, bytes]:
        if command == 0x23:
            asked.append(data[5])
            if data[5] > 16:
                return 0xCA, b""
            code, content = endless_repository(netfn, command, data)
            return code, b"\xff\xff" + content[2:]
        return endless_repository(netfn, command, data)

    answer = run(sensors.read_sensors(never_late), small)
    assert [reading["value"] for reading in answer["readings"]] == [50]
    assert asked == [5, 32, 16, 16, 16, 3]


def test_values_follow_the_formula_of_the_specification() -> None:
    record = furnished.full_record(1, name="V", sensor_type=2, unit=4, m=98, b=-3, r_exponent=-3)
    record[20] = 0b10 << 6  # two's complement
    sensor = sensors._Sensor(bytes(record))
    assert sensor.value(100) == pytest.approx(9.797)
    assert sensor.value(0xFF) == pytest.approx(-0.101)
    record[23] = 0x0C + 1  # a linearization that there is not
    assert sensors._Sensor(bytes(record)).value(100) is None
    record[23] = 1  # the logarithm of nothing
    assert sensors._Sensor(bytes(record)).value(0) is None


def test_texts_lose_all_that_is_not_text() -> None:
    hostile = "a\x00b\x1b[31m\u202e<img src=x onerror=alert(1)>\ud800\n\tc" + "x" * 500
    text = clean_text(hostile)
    assert text.startswith("ab[31m img src=x onerror=alert(1) c")
    assert len(text) == 64
    assert clean_text(b"\xff\x80abc") == "ÿabc"
    assert clean_text(None) == ""


def test_every_described_state_has_a_code_that_is_listed() -> None:
    for sensor_type in range(256):
        for event_type in (0x01, 0x03, 0x07, 0x0B, 0x6F, 0x70):
            for offset in range(16):
                code, severity = event_codes.describe(sensor_type, event_type, offset)
                assert code in event_codes.CODES
                assert severity in event_codes.SEVERITIES
