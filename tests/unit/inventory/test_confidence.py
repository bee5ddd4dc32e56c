"""The arithmetic of confidence, and the comparison of parts."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from opsportal.domain.inventory.comparison import (
    Difference,
    SeenPart,
    differences,
    kind_of,
    told,
)
from opsportal.domain.inventory.confidence import confidence
from opsportal.domain.inventory.order_lines import Ordered, against_order, parse_order
from opsportal.domain.inventory.rotation import new_password

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def ago(**age: float) -> dt.datetime:
    return NOW - dt.timedelta(**age)


@pytest.mark.parametrize(
    ("inspected", "power", "cleaned", "found", "points"),
    [
        (None, None, None, None, [0, 0, 0, 0]),
        (ago(), ago(), ago(), 0, [40, 20, 30, 10]),
        (ago(days=30), ago(hours=1), ago(days=90), 0, [40, 20, 30, 10]),
        (ago(days=105), ago(hours=84.5), ago(days=227.5), 1, [20, 10, 15, 0]),
        (ago(days=180), ago(days=7), ago(days=365), 0, [0, 0, 0, 10]),
        (ago(days=900), ago(days=900), ago(days=900), 3, [0, 0, 0, 0]),
        (NOW + dt.timedelta(hours=1), None, None, 0, [40, 0, 0, 10]),  # a clock that is ahead
    ],
)
def test_points_add_up(
    inspected: dt.datetime | None,
    power: dt.datetime | None,
    cleaned: dt.datetime | None,
    found: int | None,
    points: list[int],
) -> None:
    seen = confidence(
        inspected_at=inspected, power_verified_at=power, cleaned_at=cleaned, differences=found, now=NOW
    )
    assert [part.points for part in seen.parts] == points
    assert seen.total == sum(points)
    assert [part.most for part in seen.parts] == [40, 20, 30, 10]


def test_parts_are_told_apart_by_serial_number_and_silence_is_no_difference() -> None:
    record = [
        SeenPart("dimm", "D1", model="32 GB"),
        SeenPart("dimm", "D2", model="32 GB"),
        SeenPart("disk", "K1"),
    ]
    seen = [
        SeenPart("dimm", "d1", model="32 GB"),
        SeenPart("dimm", "D3", model="32 GB"),
        SeenPart("nic", "N1"),
    ]
    assert differences(record, seen) == [
        Difference("missing", "dimm", "32 GB D2", expected="32 GB D2"),
        Difference("new", "dimm", "32 GB D3", found="32 GB D3"),
        Difference("new", "nic", "N1", found="N1"),
    ]


def test_order_is_compared_by_number() -> None:
    ordered = parse_order("2 dimm 32 GB\n\n 1x disk\n")
    assert ordered == [Ordered("dimm", 2, "32 GB"), Ordered("disk", 1)]
    seen = [SeenPart("dimm", "D1", model="Ram 32 GB"), SeenPart("dimm", "D2", model="Ram 16 GB")]
    assert [(d.what, d.kind, d.expected, d.found) for d in against_order(ordered, seen)] == [
        ("count", "dimm", "2", "1"),
        ("count", "disk", "1", "0"),
        ("unordered", "dimm", "0", "1"),
    ]


def test_what_a_bmc_says_is_made_harmless() -> None:
    part = told("DIMM\x00 A1\n<b>", serial="xy" * 250, model="ü\x1b[31m", firmware="")
    assert (part.kind, part.slot, part.serial, part.model) == ("dimm", "DIMM A1 <b>", "xy" * 40, "[31m")
    assert [kind_of(name) for name in ("PSU1", "Proc CPU2", "Disk Bay 3", "Fan 7")] == [
        "psu",
        "cpu",
        "disk",
        "other",
    ]


def test_what_stands_for_no_serial_number_is_none() -> None:
    """Many machines say the same of many parts: taken for a serial number, it would move parts between them."""
    said = (
        "0000000000",
        "0123456789",
        "To Be Filled By O.E.M.",
        "Not Specified",
        "N/A",
        "Default string",
        "none",
    )
    assert [told("DIMM A1", serial=serial, model="").serial for serial in said] == [""] * len(said)
    real = ("3B4A9C01", "S4EVNX0N1", "XX1234567", "NONE-7", "00000001A")
    assert [told("DIMM A1", serial=serial, model="").serial for serial in real] == list(real)


def test_passwords_are_as_ipmi_takes_them_and_never_twice() -> None:
    made = {new_password() for _ in range(500)}
    assert len(made) == 500
    assert all(re.fullmatch(r"[\x21-\x7e]{20}", password) for password in made)
