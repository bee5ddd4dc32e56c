"""What was ordered, line by line, and what of it a machine has. Pure."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsportal.domain.inventory.comparison import SIZE, Difference, SeenPart, bytes_of
from opsportal.domain.inventory.refusals import ExpectedPartsUnclear
from opsportal.models import PartKind

MAX_LINES = 40
MAX_SERIALS = 64


@dataclass(frozen=True, slots=True)
class Ordered:
    """So many parts of a kind in each machine. `model`: what their model must contain, or their size like "960 GB";
    `serials`: those that must be among them."""

    kind: str
    count: int
    model: str = ""
    serials: Sequence[str] = ()

    def asdict(self) -> dict[str, Any]:
        return asdict(self) | {"serials": list(self.serials)}


@dataclass(frozen=True, slots=True)
class Line:
    """What became of an ordered line. `what`: as_ordered, fewer, more, serial (another one), not_told (the machine
    says nothing of that kind) or unordered (a part that fits no line of its kind; then `expected` is 0)."""

    what: str
    kind: str
    model: str
    expected: int
    found: int
    missing: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.what == "as_ordered"


_LINE = re.compile(r"(\d{1,3})\s*(?:x\s*)?([a-z]+)(?:\s+([^:]{1,60}))?(?::(.{1,2000}))?", re.IGNORECASE)
_HEADER = ("kind", "part", "type")


def parse_order(text: str) -> list[Ordered]:
    """Lines like "8 dimm 32 GB" or "2 disk 960 GB: K1 K2", or of a CSV file: kind, count, model, serial numbers.

    Raises `ExpectedPartsUnclear` with the number of the line.
    """
    ordered = []
    for number, line in enumerate(text.lstrip("\ufeff").splitlines(), 1):
        words = line.strip()
        if not words or (number == 1 and words.lower().startswith(_HEADER)):
            continue
        fields = _of_csv(words) or _of_text(words)
        if fields is None or number > MAX_LINES:
            raise ExpectedPartsUnclear(line=number)
        kind, count, model, serials = fields
        if kind not in set(PartKind) or not count or len(serials) > min(count, MAX_SERIALS):
            raise ExpectedPartsUnclear(line=number)
        ordered.append(Ordered(kind, count, model, serials))
    return ordered


Fields = tuple[str, int, str, tuple[str, ...]]


def _of_text(words: str) -> Fields | None:
    match = _LINE.fullmatch(words)
    if match is None:
        return None
    return match[2].lower(), int(match[1]), (match[3] or "").strip(), _serials(match[4] or "")


def _of_csv(words: str) -> Fields | None:
    """A line of a file: kind and number in either order, then model and serial numbers."""
    for separator in ";", "\t", ",":
        cells = [cell.strip() for cell in next(csv.reader([words], delimiter=separator))]
        if len(cells) < 2 or not any(cell.isdecimal() for cell in cells[:2]):
            continue
        kind, count = (cells[1], cells[0]) if cells[0].isdecimal() else (cells[0], cells[1])
        if len(count) > 3 or (len(cells) > 2 and len(cells[2]) > 60):
            return None
        model = cells[2] if len(cells) > 2 else ""
        return kind.lower(), int(count), model, _serials(" ".join(cells[3:]))
    return None


def _serials(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word[:80] for word in re.split(r"[\s,;/]+", text) if word))


def compare(ordered: Iterable[Ordered], seen: Sequence[SeenPart]) -> list[Line]:
    """Every line with what the machine has of it, good ones too; then parts of ordered kinds that fit no line."""
    lines = list(ordered)
    told = {part.kind for part in seen}
    found = [_line(line, seen, is_told=line.kind in told) for line in lines]
    kinds = {line.kind for line in lines}
    over: dict[tuple[str, str], int] = {}
    for part in seen:
        if part.kind in kinds and not any(_fits(line, part) for line in lines):
            key = part.kind, part.model or part.slot
            over[key] = over.get(key, 0) + 1
    return found + [Line("unordered", kind, model, 0, count) for (kind, model), count in over.items()]


def _line(line: Ordered, seen: Sequence[SeenPart], *, is_told: bool) -> Line:
    fitting = [part for part in seen if _fits(line, part)]
    there = {part.serial.lower() for part in fitting}
    missing = tuple(serial for serial in line.serials if serial.lower() not in there)
    if not is_told:
        what = "not_told"
    elif len(fitting) != line.count:
        what = "fewer" if len(fitting) < line.count else "more"
    else:
        what = "serial" if missing else "as_ordered"
    return Line(what, line.kind, line.model, line.count, len(fitting), missing if is_told else ())


_NEAR = 0.08
"""Vendors round: 960 GB are 894 GiB, and 1 TB may have 1,024 GB."""


def _fits(line: Ordered, part: SeenPart) -> bool:
    if part.kind != line.kind:
        return False
    wanted, model = line.model.lower(), part.model.lower()
    size = SIZE.search(wanted)
    if size is None or wanted in model:
        return wanted in model
    other = " ".join((wanted[: size.start()] + wanted[size.end() :]).split())
    return other in model and _is_size(size, part)


def _is_size(size: re.Match[str], part: SeenPart) -> bool:
    wanted = bytes_of(size)
    if part.size_bytes is not None:
        return abs(part.size_bytes - wanted) <= wanted * _NEAR
    said = SIZE.search(part.model)
    return said is not None and abs(bytes_of(said) - wanted) <= wanted * _NEAR


def against_order(ordered: Iterable[Ordered], seen: Sequence[SeenPart]) -> list[Difference]:
    """How what came differs from what was ordered; kinds that the machine does not tell count as none."""
    found = []
    for line in compare(ordered, seen):
        if not line.is_good:
            what = "count" if line.what in ("fewer", "more", "not_told") else line.what
            name = f"{line.kind} {line.model}".strip()
            asked = ", ".join(line.missing) if line.what == "serial" else str(line.expected)
            has = "" if line.what == "serial" else str(line.found)
            found.append(Difference(what, line.kind, name, expected=asked, found=has))
    return found
