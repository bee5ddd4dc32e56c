"""The sensor data repository: which sensors and units a BMC says it has. Child processes only.

A BMC's list may be long, circular, or change while it is read; every walk here ends by count.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from bmc.ipmi.asking import STORAGE, Command, Refusal, Refused, answer_of, ask, two, word

MAX_RECORDS = 768
_HEADER = 5
_LAST = 0xFFFF
_CHUNKS = (32, 16, 8)
_TOO_LONG = (0xC7, 0xC8, 0xCA, 0xFF)  # "that many bytes I cannot": ask for fewer
_RESERVATION_LOST = 0xC5
_RESTARTS = 2
Walk = Generator[Command, Any, "Repository"]


@dataclass(frozen=True, slots=True)
class Repository:
    """The records that could be read, each whole with its header, and why there are not more."""

    records: list[bytes]
    partial: str | None


def read_repository(is_late: Callable[[], bool]) -> Walk:
    """Walk the repository (IPMI v2.0 section 33.12). What the walk lacks is said, not raised."""
    reader = _Reader()
    records: list[bytes] = []
    seen: set[int] = set()
    at, partial = 0, None
    while at != _LAST:
        if at in seen or len(seen) >= MAX_RECORDS:
            partial = "too_many"
            break
        if is_late():
            partial = "out_of_time"
            break
        seen.add(at)
        try:
            at, record = yield from reader.record(at)
        except Refused as refused:
            if not records and refused.completion != 0xCB:  # not present: an empty repository
                raise
            partial = partial or ("unreadable" if records else None)
            break
        if record is None:
            partial = "unreadable"
        else:
            records.append(record)
    return Repository(records, partial)


class _Reader:
    def __init__(self) -> None:
        self._reservation: int | None = None
        self._chunk = 0
        self._restarts = 0

    def record(self, at: int) -> Generator[Command, Any, tuple[int, bytes | None]]:
        """The next record's id and this record; None for one that is cut short."""
        while True:
            try:
                return (yield from self._read(at))
            except Refused as refused:
                if refused.completion != _RESERVATION_LOST or self._restarts >= _RESTARTS:
                    raise
                self._restarts += 1
                self._reservation = None

    def _read(self, at: int) -> Generator[Command, Any, tuple[int, bytes | None]]:
        if self._reservation is None:
            answer = yield from answer_of(2, STORAGE, 0x22)
            self._reservation = word(answer, 0)
        following, record = yield from self._part(at, 0, _HEADER)
        if len(record) < _HEADER:
            raise Refusal("bmc_protocol_error")
        length = _HEADER + record[4]
        while len(record) < length:
            wanted = min(_CHUNKS[self._chunk], length - len(record))
            try:
                _, more = yield from self._part(at, len(record), wanted)
            except Refused as refused:
                if refused.completion not in _TOO_LONG or self._chunk + 1 >= len(_CHUNKS):
                    raise
                self._chunk += 1
                continue
            if not more:
                return following, None
            record += more[:wanted]
        return following, record

    def _part(self, at: int, offset: int, count: int) -> Generator[Command, Any, tuple[int, bytes]]:
        """Get SDR: the next record's id, and up to `count` bytes from `offset`."""
        assert self._reservation is not None
        answer = yield from ask(STORAGE, 0x23, *two(self._reservation), *two(at), offset, count)
        if len(answer) < 2:
            raise Refusal("bmc_protocol_error")
        return word(answer, 0), answer[2:]
