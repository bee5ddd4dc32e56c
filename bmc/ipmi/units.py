"""Field-replaceable units as a script (FRU storage definition v1.0). Child processes only."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from bmc.ipmi.asking import APPLICATION, STORAGE, Command, Refusal, Refused, answer_of, two, word
from bmc.ipmi.records import read_repository
from bmc.ipmi.strings import coded_text
from bmc.texts import clean_text

Script = Generator[Command, Any, Any]

MAX_PARTS = 32
MAX_FRU = 2048
_CHUNKS = (32, 16, 8)
_FRU_LOCATOR, _BMC = 0x11, 0x20
_END_OF_FIELDS = 0xC1
_MAX_FIELDS = 16
_BOARD = ("manufacturer", "model", "serial", "part_number")
_PRODUCT = ("manufacturer", "model", "part_number", "version", "serial", "asset_tag")
_CHASSIS = ("part_number", "serial")


def read_inventory(is_late: Callable[[], bool]) -> Script:
    """The BMC's own version, the machine (unit 0) and every unit that the sensor repository names."""
    device = yield from answer_of(11, APPLICATION, 0x01)
    parts: list[dict[str, str]] = []
    partial: str | None = None
    try:
        repository = yield from read_repository(is_late)
        units, partial = [(0, ""), *_locators(repository.records)], repository.partial
    except Refusal:
        units, partial = [(0, "")], "unreadable"
    for number, name in units[:MAX_PARTS]:
        if is_late():
            partial = partial or "out_of_time"
            break
        try:
            data = yield from _fru(number)
        except Refused:
            continue  # an empty bay
        except Refusal:
            data = b""
        fields = _fields(data)
        if fields is None:
            partial = partial or "unreadable"
        elif fields:
            parts.append({"name": name or fields.get("model", ""), **fields})
    if len(units) > MAX_PARTS:
        partial = partial or "too_many"
    return {
        "parts": parts,
        "firmware": f"{device[2] & 0x7F}.{device[3] >> 4}{device[3] & 0x0F}",
        "manufacturer_id": device[6] | device[7] << 8 | (device[8] & 0x0F) << 16,
        "product_id": word(device, 9),
        "partial": partial,
    }


def _locators(records: list[bytes]) -> Iterator[tuple[int, str]]:
    """Logical units at the BMC itself (IPMI v2.0 section 43.8), without unit 0."""
    seen = {0}
    for record in records:
        if len(record) < 16 or record[3] != _FRU_LOCATOR or record[5] != _BMC or not record[7] & 0x80:
            continue
        if record[6] not in seen:
            seen.add(record[6])
            yield record[6], coded_text(record[15] >> 6, record[16 : 16 + (record[15] & 0x1F)])


def _fru(number: int) -> Generator[Command, Any, bytes]:
    info = yield from answer_of(3, STORAGE, 0x10, number)
    size, is_by_word = min(word(info, 0), MAX_FRU), info[2] & 1
    data, chunk = b"", 0
    while len(data) < size:
        count = min(_CHUNKS[chunk], size - len(data))
        at = len(data) // 2 if is_by_word else len(data)
        try:
            answer = yield from answer_of(
                2, STORAGE, 0x11, number, *two(at), count // 2 or 1 if is_by_word else count
            )
        except Refused as refused:
            if refused.completion not in (0xC7, 0xC8, 0xCA) or chunk + 1 >= len(_CHUNKS):
                raise
            chunk += 1
            continue
        data += answer[1 : 1 + count]
        if len(answer) - 1 < count:
            break  # it says that it is longer than it is
    return data


def _fields(data: bytes) -> dict[str, str] | None:
    """What the product area says, else the board's, else the chassis'. None for what is no FRU."""
    if not data or not any(data):
        return {}
    if len(data) < 8 or data[0] & 0x0F != 1 or sum(data[:8]) & 0xFF:
        return None
    fields: dict[str, str] = {}
    for offset, start, names in ((data[4], 3, _PRODUCT), (data[3], 6, _BOARD), (data[2], 3, _CHASSIS)):
        if offset:
            for name, value in _area(data[offset * 8 :], start, names):
                if value:
                    fields.setdefault(name, value)
    return fields


def _area(area: bytes, start: int, names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(area) < 2:
        return
    area = area[: area[1] * 8]
    at = start
    for name in names[:_MAX_FIELDS]:
        if at >= len(area) or area[at] == _END_OF_FIELDS:
            return
        kind, length = area[at] >> 6, area[at] & 0x3F
        yield name, clean_text(coded_text(kind, area[at + 1 : at + 1 + length]))
        at += 1 + length
