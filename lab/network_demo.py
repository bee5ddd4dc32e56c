"""The demo's networks: prefixes of both sites, an address for every server, names for some of them.

Safe to run at every start: what people have changed stays.
"""

from __future__ import annotations

import ipaddress

from sqlmodel import col, select

from lab.people import ACME, COMPANIES, KYIV, PAMPA
from lab.switch.cabling import site_of
from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.network import addresses, prefixes, reverse
from opsportal.models import Address, Company, Person, Prefix, Role, Server, Service

PREFIXES = {
    "Prague 1": ("185.12.40.0/22", "2001:db8:4000::/44"),
    "Vienna 2": ("185.12.44.0/22", "2001:db8:4400::/44"),
}
DOMAINS = {ACME.name: "acme.example", KYIV.name: "kyivweb.example", PAMPA.name: "pampa.example"}
FORWARD_ZONES = (*DOMAINS.values(), "northrack.example")
WITHOUT_FORWARD, WRONG_FORWARD, WITHOUT_REVERSE = "vie-db-03", "prg-ci-01", "vie-ci-03"
WITH_IPV6 = 3
"""So many servers of each company have a network of their own."""


def address_of(number: int) -> str:
    """The IPv4 address of the lab's machine of this number, at its site."""
    third = {"Prague 1": 40, "Vienna 2": 44}[site_of(number)] + number // 200
    return f"185.12.{third}.{21 + number % 200}"


def _hosts() -> dict[str, list[str]]:
    names = [(company.name, server) for company in COMPANIES for server in company.servers]
    hosts = {
        f"{server}.{DOMAINS[company]}": [address_of(number)] for number, (company, server) in enumerate(names)
    }
    del hosts[f"{WITHOUT_FORWARD}.{DOMAINS[ACME.name]}"]
    hosts[f"{WRONG_FORWARD}.{DOMAINS[ACME.name]}"] = ["185.12.40.9"]
    return hosts


HOSTS = _hosts()
"""What the lab's name server says about names of the demo's companies."""


def seed_networks() -> None:
    """Put prefixes on record, and every server's address with them, once."""
    with unit_of_work() as unit:
        operator = _operator(unit)
        known = {str(one.cidr): one for one in unit.exec(select(Prefix))}
        for site, cidrs in PREFIXES.items():
            for cidr in cidrs:
                if cidr not in known:
                    known[cidr] = prefixes.add_prefix(unit, operator, cidr=cidr, gateway="", site=site)
        held = set(unit.exec(select(Address.server_id)))
        for server in unit.exec(select(Server).order_by(col(Server.id))).all():
            if server.id not in held:
                _connect(unit, operator, server, known)


def _operator(unit: Unit) -> Actor:
    person = unit.exec(select(Person).where(col(Person.role) == Role.OPERATOR)).first()
    assert person is not None
    assert person.id is not None
    return Actor(person.id, 0, Role.OPERATOR, None, person.name)


def _connect(unit: Unit, operator: Actor, server: Server, known: dict[str, Prefix]) -> None:
    cidr, cidr6 = PREFIXES.get(server.site, ("", ""))
    if not server.ip or not cidr or ipaddress.ip_address(server.ip) not in known[cidr].cidr:
        return
    address = addresses.assign(unit, operator, server.id or 0, prefix_id=known[cidr].id or 0, ip=server.ip)
    company = _company(unit, server)
    if company is None:
        return
    if server.name in _with_ipv6(company):
        addresses.assign(unit, operator, server.id or 0, prefix_id=known[cidr6].id or 0)
    if server.name != WITHOUT_REVERSE:
        reverse.set_reverse(unit, operator, address.id or 0, f"{server.name}.{DOMAINS[company.name]}")


def _company(unit: Unit, server: Server) -> Company | None:
    service = unit.get(Service, server.service_id) if server.service_id else None
    company = unit.get(Company, service.company_id) if service else None
    return company if company is not None and company.name in DOMAINS else None


def _with_ipv6(company: Company) -> tuple[str, ...]:
    return next(demo.servers[:WITH_IPV6] for demo in COMPANIES if demo.name == company.name)
