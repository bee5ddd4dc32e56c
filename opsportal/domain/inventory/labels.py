"""What is printed on a machine, and finding it again by what was scanned or typed."""

from __future__ import annotations

import re

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import NotFound
from opsportal.models import Part, PartKind, Server

_LABEL = re.compile(r"S?(\d{1,15})", re.IGNORECASE)
MAX_LABEL = 100


def label_of(server_id: int) -> str:
    """A machine's label: it stays when the machine is renamed or moves."""
    return f"S{server_id:05d}"


def find_by_label(actor: Actor, unit: Unit, scanned: str) -> Server:
    """The machine behind a label, a name, a MAC address or the serial number of a chassis. For staff."""
    actor.require(Permission.FLEET_VIEW)
    wanted = scanned.strip().rsplit("/", 1)[-1]
    found = _find(unit, wanted) if 0 < len(wanted) <= MAX_LABEL else None
    if found is None:
        raise NotFound
    return found


def _find(unit: Unit, wanted: str) -> Server | None:
    if match := _LABEL.fullmatch(wanted):
        return unit.get(Server, int(match[1]))
    by_name = select(Server).where(func.lower(Server.name) == wanted.lower())
    by_mac = select(Server).where(func.lower(Server.mac) == wanted.lower().replace("-", ":"))
    by_serial = (
        select(Server)
        .join(Part, col(Part.server_id) == col(Server.id))
        .where(col(Part.kind) == PartKind.CHASSIS, func.lower(Part.serial) == wanted.lower())
    )
    return next((s for query in (by_name, by_mac, by_serial) if (s := unit.exec(query).first())), None)
