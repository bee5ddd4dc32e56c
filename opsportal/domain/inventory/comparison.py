"""What a machine says it is made of, against what is on record or was ordered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsportal.domain.inventory.refusals import ExpectedPartsUnclear
from opsportal.models import PartKind

MAX_LINES = 40


@dataclass(frozen=True, slots=True)
class SeenPart:
    """A part as a machine told it. Texts are bounded and hold no control characters."""

    kind: str
    serial: str = ""
    wwn: str = ""
    model: str = ""
    slot: str = ""
    firmware: str = ""
    size_bytes: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from another one: the WWN, else the serial number within its kind."""
        return ("wwn", self.wwn.lower()) if self.wwn else (self.kind, self.serial.lower())

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: missing, new, firmware (another version) or count (fewer or more than ordered)."""

    what: str
    kind: str
    name: str
    slot: str = ""
    expected: str = ""
    found: str = ""

    def asdict(self) -> dict[str, str]:
        return asdict(self)


def differences(on_record: Sequence[SeenPart], seen: Sequence[SeenPart]) -> list[Difference]:
    """Known parts by serial number. A kind that the machine says nothing of is not judged: a BMC often knows
    no disks, and that is no missing disk."""
    told = {part.kind for part in seen}
    now = {part.key: part for part in seen if part.key[1]}
    before = {part.key: part for part in on_record if part.key[1]}
    found: list[Difference] = []
    for key, part in before.items():
        if key not in now and part.kind in told:
            found.append(Difference("missing", part.kind, _name(part), part.slot, expected=_name(part)))
        elif key in now and part.firmware and now[key].firmware and part.firmware != now[key].firmware:
            found.append(
                Difference("firmware", part.kind, _name(part), part.slot, part.firmware, now[key].firmware)
            )
    found += [
        Difference("new", part.kind, _name(part), part.slot, found=_name(part))
        for key, part in now.items()
        if key not in before
    ]
    return found


def _name(part: SeenPart) -> str:
    return " ".join(word for word in (part.model, part.serial or part.wwn) if word) or part.slot or part.kind


@dataclass(frozen=True, slots=True)
class Ordered:
    """So many parts of a kind; `model` is what their model must contain."""

    kind: str
    count: int
    model: str = ""

    def asdict(self) -> dict[str, Any]:
        return asdict(self)


_LINE = re.compile(r"(\d{1,3})\s*(?:x\s*)?([a-z]+)(?:\s+(.{1,60}))?", re.IGNORECASE)


def parse_order(text: str) -> list[Ordered]:
    """Lines like "8 dimm 32 GB". Raises `ExpectedPartsUnclear` with the number of the line."""
    lines = [line.strip() for line in text.splitlines()]
    ordered = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None or match[2].lower() not in set(PartKind) or number > MAX_LINES:
            raise ExpectedPartsUnclear(line=number)
        ordered.append(Ordered(match[2].lower(), int(match[1]), (match[3] or "").strip()))
    return ordered


def against_order(ordered: Iterable[Ordered], seen: Sequence[SeenPart]) -> list[Difference]:
    """How what came differs from what was ordered, by number; kinds that the machine does not tell count as none."""
    found = []
    for line in ordered:
        fitting = [p for p in seen if p.kind == line.kind and line.model.lower() in p.model.lower()]
        if len(fitting) != line.count:
            name = f"{line.kind} {line.model}".strip()
            found.append(
                Difference("count", line.kind, name, expected=str(line.count), found=str(len(fitting)))
            )
    return found


_CLEAN = re.compile(r"[^\x20-\x7e]+")
_NO_SERIAL = re.compile(
    r"(?i)(.)\1*|0*123456789\w?|n/?a|none|null|unknown|default( string)?|not (specified|available|applicable)"
    r"|no serial( number)?|serial( ?number)?|to be filled by o\.?e\.?m\.?|system serial number"
)
"""What firmware says when nobody has written a serial number: many machines say the same."""
_WORDS = (
    (PartKind.DIMM, ("dimm", "memory", "ram")),
    (PartKind.DISK, ("disk", "drive", "hdd", "ssd", "nvme")),
    (PartKind.CPU, ("cpu", "processor")),
    (PartKind.NIC, ("nic", "ethernet", "network", "lom")),
    (PartKind.PSU, ("psu", "power supply", "ps1", "ps2")),
    (PartKind.CONTROLLER, ("raid", "controller", "hba", "perc")),
    (PartKind.BOARD, ("board", "planar", "riser", "backplane")),
    (PartKind.CHASSIS, ("chassis", "system", "builtin", "mainframe", "server")),
)


def kind_of(name: str) -> PartKind:
    """The kind of a field-replaceable unit, by the words that vendors put into its name."""
    words = name.lower()
    return next((kind for kind, marks in _WORDS if any(mark in words for mark in marks)), PartKind.OTHER)


def told(name: str, *, serial: str, model: str, firmware: str = "") -> SeenPart:
    """A part from what a BMC says, with its texts made harmless and short."""
    return SeenPart(
        kind_of(name),
        serial=_serial(serial),
        model=_short(model),
        slot=_short(name),
        firmware=_short(firmware),
    )


def _serial(text: str) -> str:
    serial = _short(text)
    return "" if _NO_SERIAL.fullmatch(serial) else serial


def _short(text: str) -> str:
    return " ".join(_CLEAN.sub(" ", text).split())[:80]
