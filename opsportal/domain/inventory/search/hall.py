"""What else is in the hall, on its way there, or rented: for staff."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, func
from sqlmodel import col, or_, select

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.inventory import discovery
from opsportal.domain.inventory.search.hits import MAX_HITS, Hit, Wanted, beginning, by_beginning, joined
from opsportal.models import (
    BmcSighting,
    HardwareOrder,
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


def parts(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By serial number, WWN or model. They lead to their machine, or to the store."""
    query = (
        select(Part, Server)
        .outerjoin(Server, col(Server.id) == col(Part.server_id))
        .where(or_(*(wanted.begins(column) for column in (Part.serial, Part.wwn, Part.model))))
        .order_by(col(Part.id))
        .limit(MAX_HITS)
    )
    for part, server in unit.exec(query):
        name = part.serial or part.wwn or part.model
        path = f"/stock/{server.id}" if server else f"/parts?{urlencode({'q': name})}"
        yield Hit(
            "part",
            name,
            joined(part.model if part.model != name else "", server.name if server else ""),
            path,
        )


def racks(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    query = (
        select(Rack, Site)
        .join(Site, col(Site.id) == col(Rack.site_id))
        .where(wanted.begins(Rack.name))
        .order_by(col(Rack.name))
        .limit(MAX_HITS)
    )
    for rack, site in unit.exec(query):
        yield Hit("rack", rack.name, site.name, f"/racks/{rack.id}")


def sites(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    query = select(Site).where(wanted.begins(Site.name)).order_by(col(Site.name)).limit(MAX_HITS)
    return [Hit("site", site.name, site.address, "/racks") for site in unit.exec(query)]


def prefixes(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By the beginning of their network, or the one that an address belongs to, whether anybody has it or not."""
    condition: ColumnElement[bool] = func.text(Prefix.cidr).like(beginning(wanted.words))
    if wanted.address is not None:
        condition = or_(condition, col(Prefix.cidr).op(">>=")(wanted.inet()))
    query = select(Prefix).where(condition, col(Prefix.removed_at).is_(None)).order_by(col(Prefix.cidr))
    for prefix in unit.exec(query.limit(MAX_HITS)):
        yield Hit("prefix", str(prefix.cidr), prefix.site, f"/network?prefix={prefix.id}")


def switches(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By name or address."""
    named = or_(wanted.begins(Switch.name), col(Switch.host) == wanted.words)
    query = select(Switch).where(named).order_by(col(Switch.name)).limit(MAX_HITS)
    for switch in unit.exec(query):
        yield Hit("switch", switch.name, joined(switch.site, switch.host), f"/pollers?switch={switch.id}")


def ports(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By name, with the server behind them."""
    query = (
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
    for port, switch, server in unit.exec(query):
        detail = server.name if server else switch.site
        yield Hit("port", f"{switch.name} {port.if_name}", detail, f"/pollers?switch={switch.id}")


def _is_port(wanted: Wanted) -> ColumnElement[bool]:
    """By its own name, or by its switch's and its own: "sw-01 ge-0/0/7"."""
    on, _, port = wanted.words.partition(" ")
    if not port.strip():
        return wanted.begins(SwitchPort.if_name)
    whole, part = wanted.begins(SwitchPort.if_name), Wanted(port.strip()).begins(SwitchPort.if_name)
    return or_(whole, part) & or_(
        whole, Wanted(on).begins(Switch.name)
    )  # (so that an index of ports answers)


def orders(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """Orders of hardware by their number."""
    query = select(HardwareOrder).where(wanted.begins(HardwareOrder.ref)).order_by(col(HardwareOrder.ref))
    for order in unit.exec(query.limit(MAX_HITS)):
        yield Hit("order", order.ref, order.actor_name, f"/arrivals?order={order.id}")


def sightings(actor: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """BMCs that answered one of the searches that can still be opened, by address; the newest search counts."""
    if wanted.address is None:
        return
    sweeps = [sweep.id for sweep in discovery.list_sweeps(actor, unit)]
    query = (
        select(BmcSighting)
        .where(col(BmcSighting.sweep_id).in_(sweeps), col(BmcSighting.host) == wanted.address)
        .order_by(col(BmcSighting.sweep_id).desc(), col(BmcSighting.port))
    )
    newest: dict[tuple[int, str], BmcSighting] = {}
    for one in unit.exec(query):
        newest.setdefault((one.port, one.kind), one)
    for one in list(newest.values())[:MAX_HITS]:
        place = f"[{one.host}]:{one.port}" if ":" in one.host else f"{one.host}:{one.port}"
        told = joined(*(str(one.facts.get(key) or "") for key in ("vendor", "product")))
        yield Hit("bmc", place, told, f"/arrivals?search={one.sweep_id}")


def services(_: Actor, unit: Unit, wanted: Wanted) -> Iterable[Hit]:
    """By number or the beginning of their name."""
    of_plan = select(Service, Plan).join(Plan, col(Plan.id) == col(Service.plan_id))
    queries = [of_plan.where(wanted.begins(Service.name)).order_by(by_beginning("lower(service.name)"))]
    if wanted.number is not None:
        queries.insert(0, of_plan.where(col(Service.id) == wanted.number))
    for query in queries:
        for service, plan in unit.exec(query.limit(MAX_HITS)):
            yield Hit(plan.family, service.name, f"#{service.id} · {plan.name}", f"/services/{service.id}")
