"""What is written about a server's hardware: by it systems are offered, disk layouts checked and firmware compared.

It follows the parts on record. Where a machine told nothing of a kind, and a person has counted, what was ordered counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.inventory.comparison import SIZE, SeenPart, size_in
from opsportal.domain.inventory.order_lines import Ordered
from opsportal.models import Part, PartKind, PartStatus, Server

GIB = 2**30
LONGEST = 100


def name_model(unit: Unit, server_id: int, seen: Iterable[SeenPart]) -> None:
    """A machine whose model nobody has written down has said it."""
    _fill(unit.get_one(Server, server_id), [part for part in seen if part.kind == PartKind.CHASSIS])


def learn(unit: Unit, server_id: int, *, anew: Collection[str] = ()) -> None:
    """Fill in what the parts on record say and nobody has written yet; what kinds of `anew` say is written again."""
    query = select(Part).where(col(Part.server_id) == server_id, col(Part.status) == PartStatus.INSTALLED)
    parts = unit.exec(query.order_by(col(Part.slot), col(Part.id))).all()
    server = unit.get_one(Server, server_id)
    there = {part.kind for part in parts if part.model} & set(anew)  # (a part without a name says nothing)
    if PartKind.DIMM in anew and _memory_gb(parts):
        server.memory_gb = 0
    if PartKind.CPU in there:
        server.cpu = ""
    if PartKind.DISK in there:
        server.disks = ""
    _fill(server, parts)


def take_for_ordered(unit: Unit, server_id: int, lines: Iterable[Ordered]) -> None:
    """What the machine is made of was proved: of kinds that it does not tell, that is what was ordered."""
    ordered = [SeenPart(line.kind, model=line.model) for line in lines for _ in range(line.count)]
    _fill(unit.get_one(Server, server_id), ordered)


def _fill(server: Server, parts: Sequence[Part | SeenPart]) -> None:
    models = {kind: [part.model for part in parts if part.kind == kind and part.model] for kind in PartKind}
    server.model = server.model or next(iter(models[PartKind.CHASSIS]), "")[:LONGEST]
    server.cpu = server.cpu or _counted(models[PartKind.CPU])
    server.disks = server.disks or _counted([_size_first(model) for model in models[PartKind.DISK]])
    server.memory_gb = server.memory_gb or _memory_gb(parts)


def _memory_gb(parts: Sequence[Part | SeenPart]) -> int:
    """In GiB; 0 where a module does not say how large it is."""
    sizes = [
        part.size_bytes or size_in(part.kind, part.model) for part in parts if part.kind == PartKind.DIMM
    ]
    return sum(size or 0 for size in sizes) // GIB if all(sizes) else 0


def _size_first(model: str) -> str:
    """ "Micron 7450 3.84 TB" as "3.84 TB Micron 7450": as layouts of disks are read from it."""
    size = SIZE.search(model)
    if size is None:
        return model
    return " ".join(f"{size[0]} {model[: size.start()]} {model[size.end() :]}".split())


def _counted(models: Sequence[str]) -> str:
    """As "2 x 960 GB SSD, 1 x 18 TB HDD"."""
    return ", ".join(f"{count} x {model}" for model, count in Counter(models).items())[:LONGEST]
