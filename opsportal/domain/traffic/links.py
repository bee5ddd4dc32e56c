"""Which port served which server, for which service, since when: usage follows the service, not the port.

A slot belongs to the link that is valid when the slot begins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.traffic.slots import SLOT_MS, to_ms
from opsportal.models import PortLink, Server, Service


@dataclass(frozen=True, slots=True)
class Tenure:
    """A port and the slots [first, end) that it served in a window."""

    port_id: int
    first: int
    end: int


def connect_port(unit: Unit, port_id: int, server_id: int, *, at: dt.datetime, nic: str = "") -> PortLink:
    """From now on the port is the server's, and counts for the service that the server serves."""
    disconnect_port(unit, port_id, at=at)
    server = unit.get_one(Server, server_id)
    link = PortLink(
        port_id=port_id, server_id=server_id, service_id=server.service_id, valid_from=at, nic=nic
    )
    unit.add(link)
    unit.flush()
    return link


def disconnect_port(unit: Unit, port_id: int, *, at: dt.datetime) -> None:
    """From now on the port serves nobody."""
    query = select(PortLink).where(col(PortLink.port_id) == port_id, col(PortLink.valid_until).is_(None))
    while (
        unit.exec(query).first() is not None
    ):  # again, where a poll began another while we waited for its lock
        for link in unit.exec(query.with_for_update().execution_options(populate_existing=True)):
            _close(unit, link, at)
        unit.flush()


def follow_services(unit: Unit, *, at: dt.datetime) -> int:
    """Where a server has been given to another service, or taken back, begin a new link; returns how many.

    Assigning code may call this in its transaction; every poll does, so that nobody's traffic is ever
    counted for a former tenant for longer than one poll.
    """
    query = (
        select(PortLink, Server)
        .join(Server, col(Server.id) == col(PortLink.server_id))
        .where(
            col(PortLink.valid_until).is_(None),
            col(PortLink.service_id).is_distinct_from(col(Server.service_id)),
        )
        .order_by(col(PortLink.id))
        .with_for_update(of=PortLink)
    )
    moved = unit.exec(query).all()
    for link, _ in moved:
        _close(unit, link, at)
    unit.flush()
    for link, server in moved:
        unit.add(
            PortLink(
                port_id=link.port_id,
                server_id=link.server_id,
                service_id=server.service_id,
                valid_from=max(at, link.valid_from),
                nic=link.nic,
            )
        )
    unit.flush()
    return len(moved)


def _close(unit: Unit, link: PortLink, at: dt.datetime) -> None:
    if link.valid_from >= at:
        unit.delete(link)  # it never was
    else:
        link.valid_until = at


def list_tenures(unit: Unit, *, server_id: int, service_id: int | None, first: int, end: int) -> list[Tenure]:
    """The ports that count for a service in the slots [first, end), on whatever server it was.

    Without a service: those of the server while it was nobody's.
    """
    mine = (
        col(PortLink.service_id) == service_id
        if service_id is not None
        else (col(PortLink.server_id) == server_id) & col(PortLink.service_id).is_(None)
    )
    return _clipped(
        unit.exec(select(PortLink).where(mine).order_by(col(PortLink.valid_from))).all(), first, end
    )


def list_company_tenures(unit: Unit, company_id: int, *, first: int, end: int) -> tuple[list[Tenure], int]:
    """The ports of all services of a company in [first, end), and how many of its servers have one now."""
    query = (
        select(PortLink)
        .join(Service, col(Service.id) == col(PortLink.service_id))
        .where(col(Service.company_id) == company_id)
        .order_by(col(PortLink.id))
    )
    links = unit.exec(query).all()
    return _clipped(links, first, end), len({link.server_id for link in links if link.valid_until is None})


def has_open_link(unit: Unit, *, server_id: int, service_id: int | None) -> bool:
    """Whether a port is on record for the server's present use."""
    query = select(PortLink.id).where(
        col(PortLink.valid_until).is_(None),
        or_(col(PortLink.server_id) == server_id, col(PortLink.service_id) == service_id),
    )
    return unit.exec(query.limit(1)).first() is not None


def _clipped(links: Sequence[PortLink], first: int, end: int) -> list[Tenure]:
    found = []
    for link in links:
        begin = max(first, -(-to_ms(link.valid_from) // SLOT_MS))
        until = end if link.valid_until is None else min(end, -(-to_ms(link.valid_until) // SLOT_MS))
        if begin < until:
            found.append(Tenure(link.port_id, begin, until))
    return found
