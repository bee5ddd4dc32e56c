"""Prefixes, addresses and what a worker's shift does, for tests."""

from __future__ import annotations

import functools
from typing import Any

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.network import addresses, prefixes, reverse
from opsportal.models import Address, Company, Prefix, ReverseRecord, Role, Server
from tests import builders
from tests.builders import make_actor

make_server = functools.partial(builders.make_server, has_bmc=False)


def make_prefix(cidr: str = "192.0.2.0/24", **more: Any) -> Prefix:
    """A prefix at the site where servers of tests stand."""
    wanted = {"cidr": cidr, "gateway": "", "site": "Prague 1"} | more
    with unit_of_work() as unit:
        return prefixes.add_prefix(unit, make_actor(role=Role.OPERATOR), **wanted)


def assign(server: Server, prefix: Prefix, ip: str = "") -> Address:
    with unit_of_work() as unit:
        operator = make_actor(role=Role.OPERATOR)
        return addresses.assign(unit, operator, server.id or 0, prefix_id=prefix.id or 0, ip=ip)


def release(address: Address) -> None:
    with unit_of_work() as unit:
        addresses.release(unit, make_actor(role=Role.OPERATOR), address.id or 0)


def make_address(owner: Actor, cidr: str, ip: str = "") -> Address:
    """An address of a server of the client's, from a prefix of its own."""
    with unit_of_work() as unit:
        company = unit.get_one(Company, owner.company_id)
    return assign(make_server(builders.make_service(company)), make_prefix(cidr), ip)


def set_reverse(actor: Actor, address: Address, name: str, **more: str) -> ReverseRecord | None:
    with unit_of_work() as unit:
        return reverse.set_reverse(unit, actor, address.id or 0, name, **more)


def wanted(owner: Actor, address: Address, name: str, **more: str) -> int:
    asked = set_reverse(owner, address, name, **more)
    assert asked is not None
    assert asked.id is not None
    return asked.id


def record(record_id: int | None) -> ReverseRecord:
    with unit_of_work() as unit:
        return unit.get_one(ReverseRecord, record_id)
