"""Prefixes on record and how much of each is used."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass

from sqlalchemy import func, or_, text
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.network import topics
from opsportal.domain.network.refusals import (
    GatewayUnreadable,
    NetworkOfManagement,
    PrefixInUse,
    PrefixOverlaps,
    PrefixTooLong,
    PrefixUnreadable,
    SiteMissing,
)
from opsportal.domain.refusals import NotFound
from opsportal.models import Address, Prefix, ReverseRecord, ReverseStatus
from opsportal.models.base import utcnow
from opsportal.models.network import Ip, Network
from opsportal.settings import settings

UNIT_BITS = {4: 32, 6: 64}
"""How long the prefix is of what one server gets."""
LINK_LOCAL = ipaddress.ip_network("fe80::/10")


@dataclass(frozen=True, slots=True)
class PrefixUse:
    """A prefix with how many of its addresses (IPv6: networks of 64 bits) are free, assigned and at rest."""

    prefix: Prefix
    free: int
    assigned: int
    resting: int
    next_free_at: dt.datetime | None
    """When the first one at rest may be used again."""

    @property
    def total(self) -> int:
        return self.free + self.assigned + self.resting


def add_prefix(
    unit: Unit, actor: Actor, *, cidr: str, gateway: str, site: str, quarantine_hours: int = 168
) -> Prefix:
    """Put a prefix on record. It must not overlap with another one (the database says so, too), nor with management."""
    actor.require(Permission.NETWORK_MANAGE)
    network = _network(cidr)
    require_apart(network)
    if not site.strip():
        raise SiteMissing
    prefix = Prefix(
        cidr=network, gateway=_gateway(gateway, network), site=site.strip(), quarantine_hours=quarantine_hours
    )
    # Two people adding at once take turns, so that the second is told which one is in the way.
    unit.execute(text("LOCK TABLE prefix IN SHARE ROW EXCLUSIVE MODE"))
    overlapping = (
        select(Prefix).where(col(Prefix.removed_at).is_(None), col(Prefix.cidr).op("&&")(network)).limit(1)
    )
    if other := unit.exec(overlapping).first():
        raise PrefixOverlaps(other=str(other.cidr))
    unit.add(prefix)
    unit.flush()
    trail.record(
        unit, "prefix:added", actor=actor, object_kind="prefix", object_id=prefix.id, object_name=str(network)
    )
    unit.changed(topics.PREFIXES)
    return prefix


def _network(typed: str) -> Network:
    try:
        network = ipaddress.ip_network(typed.strip())
    except ValueError:
        raise PrefixUnreadable from None
    if network.version == 6 and network.prefixlen > UNIT_BITS[6]:
        raise PrefixTooLong
    return network


def require_apart(network: Network) -> None:
    """No server, and so no client, is where BMCs and switches are reached. Raises `NetworkOfManagement`."""
    for one in (*settings().bmc_networks, *settings().switch_networks):
        if one.version == network.version and one.overlaps(network):
            raise NetworkOfManagement(network=str(one))


def _gateway(typed: str, network: Network) -> Ip:
    """The gateway as typed; left empty, the first address of an IPv4 prefix, and fe80::1 with IPv6."""
    if not typed.strip():
        return network[1] if network.version == 4 and network.prefixlen < 31 else _default(network)
    try:
        gateway = ipaddress.ip_address(typed.strip())
    except ValueError:
        raise GatewayUnreadable from None
    own = own_addresses(network)
    if (
        gateway.version != network.version
        or gateway in own
        or not (gateway in network or gateway in LINK_LOCAL)
    ):
        raise GatewayUnreadable
    return gateway


def _default(network: Network) -> Ip:
    if network.version == 6:
        return ipaddress.ip_address("fe80::1")
    raise GatewayUnreadable  # of two addresses, or one, nobody can know


def own_addresses(network: Network) -> frozenset[Ip]:
    """Network and broadcast address; a prefix of two IPv4 addresses has neither (RFC 3021), nor has IPv6."""
    if network.version == 6 or network.prefixlen >= 31:
        return frozenset()
    return frozenset({network.network_address, network.broadcast_address})


def capacity(prefix: Prefix) -> int:
    """How many servers a prefix has an address for."""
    network = prefix.cidr
    units = int(2 ** (UNIT_BITS[network.version] - network.prefixlen))
    return units - len(own_addresses(network)) - (prefix.gateway in network)


def get_prefix(unit: Unit, actor: Actor, prefix_id: int) -> Prefix:
    """A prefix, for those who run networks."""
    actor.require(Permission.NETWORK_MANAGE)
    prefix = unit.get(Prefix, prefix_id)
    if prefix is None or prefix.removed_at is not None:
        raise NotFound
    return prefix


def change_prefix(
    unit: Unit, actor: Actor, prefix_id: int, *, gateway: str, site: str, quarantine_hours: int
) -> Prefix:
    """Correct what is on record about a prefix. How long its addresses rest may be changed at any time.

    Servers are set up with its gateway and stand at its site, so these two stay while any address of it is assigned
    (`PrefixInUse`). Its network is its identity: another one is another prefix.
    """
    prefix = _locked(unit, actor, prefix_id)
    if not site.strip():
        raise SiteMissing
    wanted = (_gateway(gateway, prefix.cidr), site.strip())
    assigned = unit.exec(
        select(func.count()).where(col(Address.prefix_id) == prefix_id, col(Address.released_at).is_(None))
    ).one()
    if assigned and wanted != (prefix.gateway, prefix.site):
        raise PrefixInUse(prefix=str(prefix.cidr), count=assigned)
    before = f"{prefix.gateway}, {prefix.site}, {prefix.quarantine_hours} h"
    prefix.gateway, prefix.site = wanted
    prefix.quarantine_hours = quarantine_hours
    unit.add(prefix)
    unit.flush()
    trail.record(
        unit, "prefix:changed", actor=actor, object_kind="prefix", object_id=prefix_id,
        object_name=str(prefix.cidr), before=before,
        after=f"{prefix.gateway}, {prefix.site}, {prefix.quarantine_hours} h",
    )  # fmt: skip
    unit.changed(topics.PREFIXES)
    return prefix


def remove_prefix(unit: Unit, actor: Actor, prefix_id: int) -> None:
    """Take a prefix off the record that no server has an address of; who once had one stays known.

    Refused with `PrefixInUse` while an address is assigned, at rest, or still has a name in reverse DNS.
    """
    prefix = _locked(unit, actor, prefix_id)
    named = (
        select(ReverseRecord.id)
        .where(
            col(ReverseRecord.address_id) == col(Address.id),
            col(ReverseRecord.status) != ReverseStatus.GONE,
        )
        .exists()
    )
    held = or_(col(Address.released_at).is_(None), col(Address.held_until) > utcnow(), named)
    used = unit.exec(select(func.count()).where(col(Address.prefix_id) == prefix_id, held)).one()
    if used:
        raise PrefixInUse(prefix=str(prefix.cidr), count=used)
    prefix.removed_at = utcnow()
    unit.add(prefix)
    unit.flush()
    trail.record(
        unit, "prefix:removed", actor=actor, object_kind="prefix", object_id=prefix_id,
        object_name=str(prefix.cidr),
    )  # fmt: skip
    unit.changed(topics.PREFIXES)


def _locked(unit: Unit, actor: Actor, prefix_id: int) -> Prefix:
    """A prefix to be changed. Whoever assigns from it waits, and so does this for them."""
    get_prefix(unit, actor, prefix_id)
    prefix = unit.get_one(Prefix, prefix_id, with_for_update=True, populate_existing=True)
    if prefix.removed_at is not None:
        raise NotFound  # somebody was faster
    return prefix


def list_prefixes(actor: Actor, unit: Unit) -> list[PrefixUse]:
    """Every prefix with its use, IPv4 first."""
    actor.require(Permission.NETWORK_MANAGE)
    now = utcnow()
    used = {
        prefix_id: (assigned, resting, until)
        for prefix_id, assigned, resting, until in unit.exec(
            select(
                Address.prefix_id,
                func.count().filter(col(Address.released_at).is_(None)),
                func.count().filter(col(Address.held_until) > now),
                func.min(col(Address.held_until)).filter(col(Address.held_until) > now),
            ).group_by(col(Address.prefix_id))
        )
    }
    found = unit.exec(
        select(Prefix)
        .where(col(Prefix.removed_at).is_(None))
        .order_by(func.family(Prefix.cidr), col(Prefix.cidr))
    ).all()
    uses = []
    for prefix in found:
        assigned, resting, until = used.get(prefix.id or 0, (0, 0, None))
        uses.append(PrefixUse(prefix, capacity(prefix) - assigned - resting, assigned, resting, until))
    return uses
