"""Finding anything of the data centre by what stands on it: name, address, MAC, serial number, label, rack.

Each question is bounded and answered by an index: whole values, or beginnings of names and serial numbers.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, text
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.models import (
    Address,
    Bmc,
    Part,
    Plan,
    PortLink,
    Prefix,
    Rack,
    Server,
    Service,
    Site,
    Switch,
    SwitchPort,
)

MAX_HITS = 8
_MAC = re.compile(r"[0-9a-f]{2}([:.-]?[0-9a-f]{2}){2,5}")


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found: `kind` is worded by the page, `path` leads to it."""

    kind: str
    label: str
    detail: str
    path: str


def find(actor: Actor, unit: Unit, typed: str) -> list[Hit]:
    """What matches, kind by kind, for staff; each kind at most `MAX_HITS` times, and a server once."""
    actor.require(Permission.FLEET_VIEW)
    wanted = typed.strip().lower()
    if len(wanted) < 2:
        return []
    servers = _servers(unit, wanted)
    hits = [Hit("server", s.name, _place(s), f"/servers/{s.id}") for s in servers.values()]
    hits += _parts(unit, wanted)
    hits += _racks(unit, wanted)
    if actor.may(Permission.NETWORK_MANAGE):
        hits += _prefixes(unit, wanted)
    if actor.may(Permission.POLLERS_VIEW):
        hits += _switches(unit, wanted)
    if actor.may(Permission.SERVICES_VIEW):
        hits += _services(unit, wanted)
    return hits


def _place(server: Server) -> str:
    return " · ".join(word for word in (server.ip or "", server.rack) if word)


def _beginning(wanted: str) -> str:
    """A pattern for LIKE in which what was typed stands for itself."""
    return re.sub(r"([\\%_])", r"\\\1", wanted) + "%"


def _servers(unit: Unit, wanted: str) -> dict[int, Server]:
    """By label, name, address (also of the BMC), MAC; the surest first."""
    queries = [
        select(Server).where(func.lower(Server.name).like(_beginning(wanted))).order_by(col(Server.name))
    ]
    if match := re.fullmatch(r"s(\d{1,15})", wanted):
        queries.insert(0, select(Server).where(col(Server.id) == int(match[1])))
    if _MAC.fullmatch(wanted):
        digits = re.sub(r"[^0-9a-f]", "", wanted)
        mac = ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
        queries.append(select(Server).where(func.lower(Server.mac).like(_beginning(mac))))
    if (address := _address(wanted)) is not None:
        assigned = col(Address.network).op(">>=")(text("CAST(:address AS inet)").bindparams(address=address))
        queries += [
            select(Server).where(col(Server.ip) == address),
            select(Server)
            .join(Address, col(Address.server_id) == col(Server.id))
            .where(assigned, col(Address.released_at).is_(None)),
            select(Server).join(Bmc, col(Bmc.server_id) == col(Server.id)).where(col(Bmc.host) == address),
        ]
    found: dict[int, Server] = {}
    for query in queries:
        for server in unit.exec(query.limit(MAX_HITS)):
            found.setdefault(server.id or 0, server)
    return dict(list(found.items())[:MAX_HITS])


def _address(wanted: str) -> str | None:
    try:
        return str(ipaddress.ip_address(wanted))
    except ValueError:
        return None


def _parts(unit: Unit, wanted: str) -> list[Hit]:
    """Parts by the beginning of their serial number or WWN; they lead to their machine, or to the store."""
    beginning = _beginning(wanted)
    query = (
        select(Part, Server)
        .outerjoin(Server, col(Server.id) == col(Part.server_id))
        .where(or_(func.lower(Part.serial).like(beginning), func.lower(Part.wwn).like(beginning)))
        .order_by(col(Part.id))
        .limit(MAX_HITS)
    )
    return [
        Hit(
            "part",
            part.serial or part.wwn or "",
            " · ".join(word for word in (part.model, server.name if server else "") if word),
            f"/stock/{server.id}" if server else f"/parts?q={part.serial or part.wwn}",
        )
        for part, server in unit.exec(query)
    ]


def _racks(unit: Unit, wanted: str) -> list[Hit]:
    racks = (
        select(Rack, Site)
        .join(Site, col(Site.id) == col(Rack.site_id))
        .where(func.lower(Rack.name).like(_beginning(wanted)))
        .order_by(col(Rack.name))
        .limit(MAX_HITS)
    )
    sites = select(Site).where(func.lower(Site.name).like(_beginning(wanted))).order_by(col(Site.name))
    return [
        *(Hit("rack", rack.name, site.name, f"/racks/{rack.id}") for rack, site in unit.exec(racks)),
        *(Hit("site", site.name, site.address, "/racks") for site in unit.exec(sites.limit(MAX_HITS))),
    ]


def _prefixes(unit: Unit, wanted: str) -> list[Hit]:
    """By the beginning of their network, or the one that an address belongs to, whether anybody has it or not."""
    condition: ColumnElement[bool] = func.text(Prefix.cidr).like(_beginning(wanted))
    if (address := _address(wanted)) is not None:
        holds = col(Prefix.cidr).op(">>=")(text("CAST(:address AS inet)").bindparams(address=address))
        condition = or_(condition, holds)
    query = select(Prefix).where(condition, col(Prefix.removed_at).is_(None)).order_by(col(Prefix.cidr))
    return [
        Hit("prefix", str(prefix.cidr), prefix.site, f"/network?prefix={prefix.id}")
        for prefix in unit.exec(query.limit(MAX_HITS))
    ]


def _switches(unit: Unit, wanted: str) -> list[Hit]:
    """Switches by name or address, and ports by name with the server behind them."""
    named = or_(func.lower(Switch.name).like(_beginning(wanted)), col(Switch.host) == wanted)
    switches = select(Switch).where(named).order_by(col(Switch.name)).limit(MAX_HITS)
    ports = (
        select(SwitchPort, Switch, Server)
        .join(Switch, col(Switch.id) == col(SwitchPort.switch_id))
        .outerjoin(
            PortLink, (col(PortLink.port_id) == col(SwitchPort.id)) & col(PortLink.valid_until).is_(None)
        )
        .outerjoin(Server, col(Server.id) == col(PortLink.server_id))
        .where(_is_port(wanted))
        .order_by(col(Switch.name), col(SwitchPort.id))
        .limit(MAX_HITS)
    )
    return [
        *(
            Hit("switch", switch.name, switch.site, f"/pollers?switch={switch.id}")
            for switch in unit.exec(switches)
        ),
        *(
            Hit(
                "port",
                f"{switch.name} {port.if_name}",
                server.name if server else switch.site,
                f"/pollers?switch={switch.id}",
            )
            for port, switch, server in unit.exec(ports)
        ),
    ]


def _is_port(wanted: str) -> ColumnElement[bool]:
    """By its own name, or by its switch's and its own: "sw-01 ge-0/0/7"."""
    named = func.lower(SwitchPort.if_name).like(_beginning(wanted))
    on, _, port = wanted.partition(" ")
    if not port.strip():
        return named
    both = func.lower(Switch.name).like(_beginning(on)) & func.lower(SwitchPort.if_name).like(
        _beginning(port.strip())
    )
    return or_(named, both)


def _services(unit: Unit, wanted: str) -> list[Hit]:
    """Services by number or the beginning of their name, for those who see the business."""
    number = wanted.lstrip("#")
    condition: ColumnElement[bool] = func.lower(Service.name).like(_beginning(wanted))
    if number.isascii() and number.isdigit() and len(number) < 19:
        condition = or_(condition, col(Service.id) == int(number))
    query = (
        select(Service, Plan)
        .join(Plan, col(Plan.id) == col(Service.plan_id))
        .where(condition)
        .order_by(col(Service.name), col(Service.id))
        .limit(MAX_HITS)
    )
    return [
        Hit(plan.family, service.name, f"#{service.id} · {plan.name}", f"/services/{service.id}")
        for service, plan in unit.exec(query)
    ]
