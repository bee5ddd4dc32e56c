"""Servers by what stands on them, and what was done to them. A client finds those that the own company rents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_job_for
from opsportal.domain.inventory.search.hits import MAX_HITS, Hit, Wanted, beginning, by_beginning, joined
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    Address,
    Bmc,
    Cleaning,
    CleaningKind,
    PortLink,
    ReverseRecord,
    Server,
    Service,
    Switch,
    SwitchPort,
)

_LABEL = re.compile(r"s([0-9]{1,15})")


def servers(actor: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By label, name, address (for staff also of the BMC) or MAC, the surest first."""
    return [
        Hit("server", one.name, joined(one.ip, one.rack), f"/servers/{one.id}")
        for one in _found(actor, unit, wanted).values()
    ]


def _found(actor: Actor, unit: Unit, wanted: Wanted) -> dict[int, Server]:
    all_of = select(Server).where(*_own(actor))
    queries = [all_of.where(wanted.begins(Server.name)).order_by(by_beginning("lower(server.name)"))]
    if match := _LABEL.fullmatch(wanted.words):
        queries.insert(0, all_of.where(col(Server.id) == int(match[1])))
    if mac := wanted.mac:
        queries.append(all_of.where(func.lower(Server.mac).like(beginning(mac))))
    if wanted.address is not None:
        used = (col(Address.network).op(">>=")(wanted.inet()), col(Address.released_at).is_(None))
        queries += [
            all_of.where(col(Server.ip) == wanted.address),
            all_of.join(Address, col(Address.server_id) == col(Server.id)).where(*used, *_held(actor)),
        ]
        if actor.is_staff:
            at = col(Bmc.host) == wanted.address
            queries.append(all_of.join(Bmc, col(Bmc.server_id) == col(Server.id)).where(at))
    found: dict[int, Server] = {}
    for query in queries:
        for server in unit.exec(query.limit(MAX_HITS)):
            found.setdefault(server.id or 0, server)
    return dict(list(found.items())[:MAX_HITS])


def _own(actor: Actor) -> list[ColumnElement[bool]]:
    if actor.is_staff:
        return []
    mine = select(Service.id).where(col(Service.company_id) == actor.company_id)
    return [col(Server.service_id).in_(mine)]


def _held(actor: Actor) -> list[ColumnElement[bool]]:
    """What a server that was handed on still has of its former tenant is not its next one's."""
    return [] if actor.is_staff else [col(Address.service_id) == col(Server.service_id)]


def names(actor: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """Addresses by the name that they have in reverse DNS. (One that is gone has none.)"""
    query = (
        select(ReverseRecord, Server)
        .join(Address, col(Address.id) == col(ReverseRecord.address_id))
        .join(Server, col(Server.id) == col(Address.server_id))
        .where(
            col(ReverseRecord.name).like(beginning(wanted.words)),
            col(Address.released_at).is_(None),
            *_own(actor),
            *_held(actor),
        )
        .order_by(by_beginning("reverse_record.name"))
        .limit(MAX_HITS)
    )
    for record, server in unit.exec(query):
        yield Hit(
            "address", record.name, joined(str(record.ip), server.name), f"/servers/{server.id}?tab=network"
        )


def jobs(actor: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By number. It is shown first in the history of its server."""
    if wanted.number is None:
        return
    with suppress(NotFound):
        job = access_job_for(actor, unit, wanted.number)
        server = unit.get_one(Server, job.server_id)
        yield Hit("job", f"#{job.id}", server.name, f"/servers/{server.id}?tab=history&job={job.id}")


def cables(actor: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """Where the one server that was meant is plugged in: by its name, label, address or MAC."""
    found = _found(actor, unit, wanted)
    if len(found) != 1:
        return
    query = (
        select(PortLink, SwitchPort, Switch)
        .join(SwitchPort, col(SwitchPort.id) == col(PortLink.port_id))
        .join(Switch, col(Switch.id) == col(SwitchPort.switch_id))
        .where(col(PortLink.server_id).in_(found), col(PortLink.valid_until).is_(None))
        .order_by(col(PortLink.id))
        .limit(MAX_HITS)
    )
    (server,) = found.values()
    for link, port, switch in unit.exec(query):
        yield Hit(
            "cable",
            f"{switch.name} {port.if_name}",
            joined(server.name, link.nic),
            f"/pollers?switch={switch.id}",
        )


def arrived(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """Machines that came of an order, by its number."""
    query = (
        select(Server, Cleaning.order_ref)
        .join(Cleaning, col(Cleaning.server_id) == col(Server.id))
        .where(
            col(Cleaning.kind) == CleaningKind.INTAKE,
            wanted.begins(Cleaning.order_ref),
            col(Cleaning.order_ref) != "",
        )
        .order_by(by_beginning("lower(cleaning.order_ref)"))
        .limit(MAX_HITS)
    )
    for server, ref in unit.exec(query):
        yield Hit("server", server.name, ref, f"/stock/{server.id}")
