"""The system event log as a script. Child processes only.

An owner of the BMC's firmware may make the log circular, endless or wrong: records are counted, not believed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from bmc.ipmi import event_codes
from bmc.ipmi.asking import STORAGE, Command, Refusal, Refused, answer_of, two, word

Script = Generator[Command, Any, Any]
Entry = Generator[Command, Any, tuple[int, bytes]]

MAX_EVENTS = 256
MAX_WALK = 1024
_FIRST, _LAST = 0x0000, 0xFFFF
_RECORD = 16
_SYSTEM, _OEM_TIMED, _OEM_UNTIMED = 0x02, 0xC0, 0xE0
_CLOCK_SET = 0x20000000  # earlier "times" count from when the BMC started (IPMI v2.0 section 37.1)
_NO_TIME = 0xFFFFFFFF
_DEASSERTED = 0x80


def read_events(limit: int, is_late: Callable[[], bool]) -> Script:
    """The newest `limit` records, newest first (IPMI v2.0 sections 31.2 and 31.5)."""
    limit = max(1, min(MAX_EVENTS, limit))
    info = yield from answer_of(3, STORAGE, 0x40)
    total = word(info, 1)
    if not total:
        return {"events": [], "total": 0, "partial": None}
    start = yield from _start(total, limit)
    kept: deque[bytes] = deque(maxlen=limit)
    partial = yield from _walk(start, kept, is_late)
    return {"events": [_event(record) for record in reversed(kept)], "total": total, "partial": partial}


def _entry(at: int) -> Entry:
    answer = yield from answer_of(2 + _RECORD, STORAGE, 0x43, 0, 0, *two(at), 0, 0xFF)
    return word(answer, 0), answer[2 : 2 + _RECORD]


def _start(total: int, limit: int) -> Generator[Command, Any, int]:
    """Where to begin so that the walk need not pass the whole log: ids usually follow each other."""
    if total <= limit:
        return _FIRST
    try:
        _, newest = yield from _entry(_LAST)
        candidate = word(newest, 0) - limit + 1
        if candidate <= 0:
            return _FIRST
        yield from _entry(candidate)
    except Refusal:
        return _FIRST
    return candidate


def _walk(at: int, kept: deque[bytes], is_late: Callable[[], bool]) -> Generator[Command, Any, str | None]:
    seen: set[int] = set()
    while at != _LAST:
        if at in seen or len(seen) >= MAX_WALK:
            return "too_many"
        if is_late():
            return "out_of_time"
        seen.add(at)
        try:
            at, record = yield from _entry(at)
        except Refused as refused:
            if not kept and refused.completion != 0xCB:
                raise
            return "changed" if refused.completion in (0xC5, 0xCB) else "unreadable"
        except Refusal:
            if not kept:
                raise
            return "unreadable"
        kept.append(record)
    return None


def _event(record: bytes) -> dict[str, Any]:
    kind = record[2]
    if kind != _SYSTEM:
        return _oem(record)
    sensor_type, number, event_type = record[10], record[11], record[12] & 0x7F
    code, severity = event_codes.describe(sensor_type, event_type, record[13] & 0x0F)
    is_over = bool(record[12] & _DEASSERTED)
    detail = "" if code != event_codes.UNKNOWN else record[10:16].hex(" ")
    return {
        "record_id": word(record, 0),
        "at": _time(record),
        "code": code,
        "kind": event_codes.kind_of(sensor_type),
        "sensor_number": number,
        "severity": "info" if is_over else severity,
        "is_over": is_over,
        "detail": detail,
    }


def _oem(record: bytes) -> dict[str, Any]:
    is_timed = _OEM_TIMED <= record[2] < _OEM_UNTIMED
    return {
        "record_id": word(record, 0),
        "at": _time(record) if is_timed else None,
        "code": event_codes.OEM,
        "kind": "other",
        "sensor_number": None,
        "severity": "info",
        "is_over": False,
        "detail": record[7 if is_timed else 3 :].hex(" "),
    }


def _time(record: bytes) -> int | None:
    stamp = int.from_bytes(record[3:7], "little")
    return stamp if _CLOCK_SET <= stamp < _NO_TIME else None
