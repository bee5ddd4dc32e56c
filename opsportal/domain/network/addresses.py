"""Giving addresses to servers and taking them back. A use of an address is a row that stays."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import or_
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_address_for, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics as hardware
from opsportal.domain.network import reverse, topics
from opsportal.domain.network.prefixes import UNIT_BITS, get_prefix, own_addresses, require_apart
from opsportal.domain.network.refusals import (
    AddressAtRest,
    AddressOutsidePrefix,
    AddressReserved,
    AddressTaken,
    AddressUnreadable,
    PrefixFull,
    ServerUnknown,
    WrongSite,
)
from opsportal.domain.refusals import NotFound
from opsportal.models import Address, Prefix, Server, Service
from opsportal.models.base import utcnow
from opsportal.models.network import Ip, Network

MOST_USES = 1_000
"""As many addresses of a prefix are listed at once."""


def assign(unit: Unit, actor: Actor, server_id: int, *, prefix_id: int, ip: str = "") -> Address:
    """Give a server an address of a prefix: the one asked for, or the lowest free one.

    Whoever assigns from a prefix at the same time waits for the prefix's row. Raises `PrefixFull`, `AddressTaken`,
    `AddressAtRest`, `AddressReserved`, `AddressOutsidePrefix`, `AddressUnreadable`, `WrongSite` or
    `NetworkOfManagement`.
    """
    access_server_for(actor, unit, server_id, permission=Permission.NETWORK_MANAGE)
    prefix = unit.get(Prefix, prefix_id, with_for_update=True, populate_existing=True)
    if prefix is None or prefix.removed_at is not None:
        raise NotFound
    server = unit.get_one(Server, server_id, with_for_update=True, populate_existing=True)
    if server.site != prefix.site:
        raise WrongSite(prefix=str(prefix.cidr), site=prefix.site)
    now = utcnow()
    network = _asked(unit, prefix, ip, now) if ip.strip() else _lowest_free(unit, prefix, now)
    require_apart(network)  # (the settings may have changed since the prefix was entered)
    return _given(unit, prefix, server, network, now, actor)


def _given(
    unit: Unit, prefix: Prefix, server: Server, network: Network, now: dt.datetime, actor: Actor | None
) -> Address:
    assert prefix.id is not None
    assert server.id is not None
    has_main = _main(unit, server.id, network.version) is not None
    address = Address(
        prefix_id=prefix.id,
        network=network,
        server_id=server.id,
        service_id=server.service_id,
        is_main=not has_main,
        valid_from=now,
    )
    unit.add(address)
    unit.flush()
    if address.is_main and network.version == 4:
        _show(unit, server, str(network.network_address))
    _recorded(unit, "address:assigned", actor, server, network)
    return address


def _asked(unit: Unit, prefix: Prefix, typed: str, now: dt.datetime) -> Network:
    try:
        asked = ipaddress.ip_network(typed.strip(), strict=False)
    except ValueError:
        raise AddressUnreadable from None
    home = prefix.cidr
    if asked.version != home.version or asked.network_address not in home:
        raise AddressOutsidePrefix(prefix=str(home))
    network = ipaddress.ip_network((asked.network_address, UNIT_BITS[asked.version]), strict=False)
    if not _is_for_servers(prefix, network):
        raise AddressReserved
    for used in _uses(unit, prefix, now):
        if used.network == network:
            if used.held_until is not None:
                raise AddressAtRest(until=f"{used.held_until:%Y-%m-%d %H:%M} UTC")
            raise AddressTaken(server=unit.get_one(Server, used.server_id).name)
    return network


def _lowest_free(unit: Unit, prefix: Prefix, now: dt.datetime) -> Network:
    taken = {used.network for used in _uses(unit, prefix, now)}
    units = prefix.cidr.subnets(new_prefix=UNIT_BITS[prefix.cidr.version])
    free = (one for one in units if one not in taken and _is_for_servers(prefix, one))
    found = next(free, None)
    if found is None:
        raise PrefixFull(prefix=str(prefix.cidr))
    return found


def _is_for_servers(prefix: Prefix, network: Network) -> bool:
    return prefix.gateway not in network and network.network_address not in own_addresses(prefix.cidr)


def _uses(unit: Unit, prefix: Prefix, now: dt.datetime) -> list[Address]:
    """What is assigned or at rest in a prefix."""
    held = or_(col(Address.held_until).is_(None), col(Address.held_until) > now)
    return list(unit.exec(select(Address).where(col(Address.prefix_id) == prefix.id, held)))


def release(unit: Unit, actor: Actor, address_id: int) -> Address:
    """Take an address back: its reverse DNS is removed, and it rests before anybody else gets it."""
    access_address_for(actor, unit, address_id, permission=Permission.NETWORK_MANAGE)
    address = unit.get_one(Address, address_id, with_for_update=True, populate_existing=True)
    if address.released_at is not None:
        raise NotFound  # somebody was faster
    _taken_back(unit, address, actor)
    return address


def release_server(unit: Unit, actor: Actor | None, server_id: int) -> int:
    """Take back every address of a server, as when it is returned to stock; returns how many."""
    query = (
        select(Address)
        .where(col(Address.server_id) == server_id, col(Address.released_at).is_(None))
        .order_by(col(Address.id))
        .with_for_update()
    )
    found = unit.exec(query).all()
    for address in found:
        _taken_back(unit, address, actor)
    return len(found)


def _taken_back(unit: Unit, address: Address, actor: Actor | None) -> None:
    now = max(utcnow(), address.valid_from)
    hours = unit.get_one(Prefix, address.prefix_id).quarantine_hours
    address.released_at, address.held_until = now, now + dt.timedelta(hours=hours)
    was_main, address.is_main = address.is_main, False
    unit.add(address)
    unit.flush()
    reverse.forget(unit, address)
    server = unit.get_one(Server, address.server_id, with_for_update=True, populate_existing=True)
    if was_main:
        _promote(unit, server, address)
    _recorded(unit, "address:released", actor, server, address.network)


def _promote(unit: Unit, server: Server, former: Address) -> None:
    """The server's oldest other address of the family becomes its main one."""
    query = select(Address).where(col(Address.server_id) == server.id, col(Address.released_at).is_(None))
    others = [
        one
        for one in unit.exec(query.order_by(col(Address.id)))
        if one.network.version == former.network.version
    ]
    if others:
        others[0].is_main = True
        unit.add(others[0])
        unit.flush()
    if former.network.version == 4:
        _show(unit, server, str(others[0].network.network_address) if others else None, was=former.network)


def _show(unit: Unit, server: Server, ip: str | None, *, was: Network | None = None) -> None:
    """Lists and searches show a server's main IPv4 address: it stands in its row and in its service's."""
    former = str(was.network_address) if was else None
    service = unit.get(Service, server.service_id) if server.service_id else None
    if was is None or server.ip == former:
        server.ip = ip
    if service is not None and (was is None or service.ip == former):
        service.ip = ip
        unit.add(service)
    unit.add(server)


def follow_services(unit: Unit) -> int:
    """Where a server has gone to another service, take its addresses back; from stock it brings them along.

    One that was returned keeps them, without their names, while it is wiped by them; its cleaning releases them.
    Assigning code may call this in its transaction; the clock does every minute, so that nobody keeps an address,
    or its name, of a server that is somebody else's. Returns how many addresses moved.
    """
    query = (
        select(Address, Server)
        .join(Server, col(Server.id) == col(Address.server_id))
        .where(
            col(Address.released_at).is_(None),
            col(Address.service_id).is_distinct_from(col(Server.service_id)),
        )
        .order_by(col(Address.id))
        .with_for_update(of=Address)
    )
    moved = 0
    for address, server in unit.exec(query).all():
        if server.service_id is None:
            reverse.forget(unit, address)
            continue
        moved += 1
        if address.service_id is None:
            address.service_id = server.service_id
            unit.add(address)
            unit.changed(topics.server(server.id or 0))
        else:
            _taken_back(unit, address, None)
    return moved


def _recorded(unit: Unit, tag: str, actor: Actor | None, server: Server, network: Network) -> None:
    assert server.id is not None
    service = unit.get(Service, server.service_id) if server.service_id else None
    trail.record(
        unit, tag, actor=actor, object_kind="server", object_id=server.id, object_name=server.name,
        company_id=service.company_id if service else None, address=written(network),
        actor_name="" if actor else "portal",
    )  # fmt: skip
    unit.changed(topics.server(server.id), topics.PREFIXES, hardware.server(server.id), hardware.FLEET)


def written(network: Network) -> str:
    """An address as people write it: `192.0.2.7`, `2001:db8:40::/64`."""
    return str(network.network_address) if network.version == 4 else str(network)


@dataclass(frozen=True, slots=True)
class Interface:
    """How a server is to be set up for one of its addresses."""

    address: Address
    ip: Ip
    """The address itself; of a network of 64 bits its first one for hosts."""
    prefix_length: int
    mask: str
    """Dotted for IPv4, empty with IPv6."""
    gateway: Ip


def interface(address: Address, prefix: Prefix) -> Interface:
    """Address, mask and gateway as they are entered on the server."""
    network = address.network
    if network.version == 6:
        return Interface(address, network.network_address + 1, network.prefixlen, "", prefix.gateway)
    return Interface(
        address, network.network_address, prefix.cidr.prefixlen, str(prefix.cidr.netmask), prefix.gateway
    )


def addresses_of(actor: Actor, unit: Unit, server_id: int) -> list[Interface]:
    """The addresses that a server has, the main one first; a client sees those of the own service."""
    _, service = access_server_for(actor, unit, server_id)
    mine = () if actor.is_staff else (col(Address.service_id) == (service.id if service else None),)
    return list(_interfaces(unit, server_id, *mine))


def _interfaces(unit: Unit, server_id: int, *conditions: object) -> Iterator[Interface]:
    query = (
        select(Address, Prefix)
        .join(Prefix, col(Prefix.id) == col(Address.prefix_id))
        .where(col(Address.server_id) == server_id, col(Address.released_at).is_(None), *conditions)  # type: ignore[arg-type]
        .order_by(col(Address.is_main).desc(), col(Address.network))
    )
    for address, prefix in sorted(unit.exec(query).all(), key=lambda row: row[0].network.version):
        yield interface(address, prefix)


def main_interface(unit: Unit, server_id: int, *, version: int = 4) -> Interface | None:
    """How the server's main address of a family is to be set up; None while it has none. No actor: for jobs."""
    found = (one for one in _interfaces(unit, server_id) if one.address.is_main and one.ip.version == version)
    return next(found, None)


def main_address(unit: Unit, server_id: int) -> str | None:
    """The server's main IPv4 address, else its IPv6 one, else what its row says. No actor: for jobs."""
    for version in (4, 6):
        if found := main_interface(unit, server_id, version=version):
            return str(found.ip)
    return unit.get_one(Server, server_id).ip


def _main(unit: Unit, server_id: int, version: int) -> Address | None:
    query = select(Address).where(
        col(Address.server_id) == server_id, col(Address.released_at).is_(None), col(Address.is_main)
    )
    return next((one for one in unit.exec(query) if one.network.version == version), None)


def list_uses(
    actor: Actor, unit: Unit, prefix_id: int, *, limit: int = MOST_USES
) -> list[tuple[Address, Server]]:
    """What is assigned or at rest in a prefix, by address, and who has or had it."""
    actor.require(Permission.NETWORK_MANAGE)
    get_prefix(unit, actor, prefix_id)
    held = or_(col(Address.held_until).is_(None), col(Address.held_until) > utcnow())
    query = (
        select(Address, Server)
        .join(Server, col(Server.id) == col(Address.server_id))
        .where(col(Address.prefix_id) == prefix_id, held)
        .order_by(col(Address.network))
    )
    return [(address, server) for address, server in unit.exec(query.limit(limit))]


def find_server(unit: Unit, actor: Actor, name: str) -> int:
    """The server of a name, for those who type one. Raises `ServerUnknown`."""
    actor.require(Permission.NETWORK_MANAGE)
    found = unit.exec(select(Server.id).where(col(Server.name) == name.strip())).first()
    if found is None:
        raise ServerUnknown
    return found
