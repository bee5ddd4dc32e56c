"""What a machine says it is made of, against what is on record or was ordered. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsportal.models import PartKind


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
    """`what`: missing, new, firmware (another version); beside an order count (fewer or more), serial or unordered."""

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
    kind, words = kind_of(name), _short(model)
    return SeenPart(
        kind,
        serial=_serial(serial),
        model=words,
        slot=_short(name),
        firmware=_short(firmware),
        size_bytes=size_in(kind, words),
    )


SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*(gb|tb|gib|tib)\b(?!/s)", re.IGNORECASE)
"""A size; not how fast a disk is connected: "SATA 6Gb/s"."""
_BYTES = {"gb": 10**9, "tb": 10**12, "gib": 2**30, "tib": 2**40}
_BINARY = {"gb": "gib", "tb": "tib"}
"""Memory is made in powers of two, whatever is printed on it."""


def bytes_of(size: re.Match[str], *, is_memory: bool = False) -> float:
    """What a match of `SIZE` says."""
    scale = size[2].lower()
    return float(size[1]) * _BYTES[_BINARY.get(scale, scale) if is_memory else scale]


def size_in(kind: str, words: str) -> int | None:
    """How large a disk or a memory module is by its name: "DDR5 32 GB", "Micron 7450 3.84 TB"."""
    size = SIZE.search(words)
    if size is None or kind not in (PartKind.DISK, PartKind.DIMM):
        return None
    return round(bytes_of(size, is_memory=kind == PartKind.DIMM))


def _serial(text: str) -> str:
    serial = _short(text)
    return "" if _NO_SERIAL.fullmatch(serial) else serial


def _short(text: str) -> str:
    return " ".join(_CLEAN.sub(" ", text).split())[:80]
