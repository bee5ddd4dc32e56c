"""Fills the portal with the demo: `python -m lab.demo_data` after migration, with the lab running.

Safe to run at every start: what is there stays as people have left it; only the addresses and
credentials of BMCs follow the lab, and new machines are added.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import random
from pathlib import Path
from typing import Any

import pyotp
from sqlmodel import col, select

from lab import arrivals_demo, billing_demo, inventory_demo
from lab.bmcs.client import read_fleet, read_newcomers, read_screens
from lab.network_demo import address_of, seed_networks
from lab.people import COMPANIES, PASSWORD, PEOPLE, DemoCompany, DemoPerson, DemoService
from lab.qemu.images import CACHE, build
from lab.support_demo import seed_tickets
from lab.switch.cabling import site_of
from lab.switch.client import read_switches
from lab.systems_demo import seed_systems
from lab.traffic_demo import seed_traffic
from lab.traffic_plans_demo import seed_traffic_plans
from opsportal.db import Unit, unit_of_work
from opsportal.domain.accounts.passwords import hash_password
from opsportal.domain.consoles.screens import ScreenEndpoint, put_screen
from opsportal.domain.vault import seal, unseal
from opsportal.models import (
    Bmc,
    Company,
    Family,
    Person,
    Plan,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings

SIGN_INS = "sign-ins.json"
RENTED_FOR = dt.timedelta(days=400)
WITHOUT_SCREEN = "prg-ci-01"
"""Its BMC is told to have no screen but on its own page, so that temporary access can be seen."""


def _plan(unit: Unit, family: Family, name: str) -> Plan:
    plan = unit.exec(select(Plan).where(col(Plan.name) == name)).first()
    if plan is None:
        plan = Plan(family=family, name=name)
        unit.add(plan)
        unit.flush()
    return plan


def _company(unit: Unit, demo: DemoCompany) -> Company:
    company = unit.exec(select(Company).where(col(Company.name) == demo.name)).first()
    if company is None:
        company = Company(name=demo.name, country=demo.country, currency=demo.currency, locale=demo.locale)
        unit.add(company)
        unit.flush()
        for service in demo.services:
            unit.add(_service(unit, company, service))
    return company


def _service(unit: Unit, company: Company, demo: DemoService) -> Service:
    today = utcnow().date()
    end = today + dt.timedelta(days=demo.days)
    length = dt.timedelta(days=365 if demo.term == "year" else 30)
    return Service(
        company_id=company.id or 0,
        plan_id=_plan(unit, demo.family, demo.plan).id or 0,
        name=demo.name,
        # Those that are suspended run until `billing_demo` comes to the day of it.
        status=ServiceStatus.ACTIVE if demo.reason else demo.status,
        termination_requested_on=(
            today + dt.timedelta(days=demo.terminates_in) if demo.terminates_in is not None else None
        ),
        period_start=end - length,
        period_end=end,
        price_minor=demo.raised_from or demo.price_minor,
        currency=company.currency,
        term=demo.term,
        ip=demo.ip,
        created_at=utcnow() - RENTED_FOR,
    )


def _person(unit: Unit, demo: DemoPerson) -> dict[str, str | None]:
    person = unit.exec(select(Person).where(col(Person.email) == demo.email)).first()
    if person is None:
        company = unit.exec(select(Company).where(col(Company.name) == demo.company)).first()
        secret = pyotp.random_base32() if demo.has_second_factor else None
        person = Person(
            company_id=company.id if company else None,
            role=demo.role,
            email=demo.email,
            name=demo.name,
            password_hash=hash_password(PASSWORD),
            locale=demo.locale,
            time_zone=demo.time_zone,
            totp_secret=seal(secret) if secret else None,
            totp_enabled_at=utcnow() if secret else None,
        )
        unit.add(person)
    totp = unseal(person.totp_secret) if person.totp_secret else None
    return {"role": demo.role.value, "email": demo.email, "password": PASSWORD, "totp_secret": totp}


def _tenancies() -> list[tuple[DemoCompany, str]]:
    """Which company gets which machine, company by company."""
    return [(company, name) for company in COMPANIES for name in company.servers]


def _rent(unit: Unit, company: Company, machine: dict[str, Any], name: str, number: int) -> Service:
    plan = _plan(unit, Family.SERVER, f"{machine['model'].split()[0]} · {machine['ram_gb']} GB")
    end = utcnow().date() + dt.timedelta(days=(3, 9, 18, 25)[number % 4])
    return Service(
        company_id=company.id or 0,
        plan_id=plan.id or 0,
        name=name,
        status=ServiceStatus.ACTIVE,
        period_start=end - dt.timedelta(days=30),
        period_end=end,
        price_minor={"EUR": 8900, "UAH": 365000, "USD": 9900}[company.currency] + 1000 * (number % 5),
        currency=company.currency,
        ip=address_of(number),
        created_at=utcnow() - RENTED_FOR,
    )


def _machine(unit: Unit, machine: dict[str, Any], number: int) -> None:
    server = unit.exec(select(Server).where(col(Server.mac) == machine["mac"])).first()
    if server is None:
        server = _new_server(unit, machine, number)
    bmc = unit.get(Bmc, server.id) or Bmc(server_id=server.id or 0, host="", username="", password=b"")
    bmc.host, bmc.port, bmc.username = machine["host"], machine["port"], machine["username"]
    bmc.password = seal(machine["password"])
    unit.add(bmc)


def _new_server(unit: Unit, machine: dict[str, Any], number: int) -> Server:
    taken = set(unit.exec(select(Server.name)))
    service, name = None, next(n for i in itertools.count(number) if (n := f"stock-{i:03d}") not in taken)
    if free := [(demo, name) for demo, name in _tenancies() if name not in taken]:
        demo, name = free[0]
        company = unit.exec(select(Company).where(col(Company.name) == demo.name)).one()
        service = _rent(unit, company, machine, name, number)
        unit.add(service)
        unit.flush()
    rack = random.Random(number)
    server = Server(
        name=name,
        service_id=service.id if service else None,
        site=site_of(number),
        rack=f"{'ABC'[number % 3]}{number // 12 + 1:02d} U{rack.randrange(2, 40):02d}",
        model=machine["model"],
        cpu=machine["cpu"],
        memory_gb=machine["ram_gb"],
        disks=machine["disks"],
        mac=machine["mac"],
        ip=service.ip if service else None,
    )
    unit.add(server)
    unit.flush()
    if service is not None:  # else its tenant would hear nothing of what its event log has from before today
        server.let_at = service.created_at
    return server


def seed(fleet: list[dict[str, Any]]) -> list[dict[str, str | None]]:
    """Make the database hold the demo. Returns the sign-ins."""
    with unit_of_work() as unit:
        for company in COMPANIES:
            _company(unit, company)
        for number, machine in enumerate(fleet):
            _machine(unit, machine, number)
        return [_person(unit, person) for person in PEOPLE]


def seed_screens(fleet: list[dict[str, Any]], screens: dict[str, dict[str, Any]]) -> None:
    """Where each machine's screen is, as far as the lab draws one."""
    numbers = {machine["mac"]: screens[machine["name"]] for machine in fleet if machine["name"] in screens}
    with unit_of_work() as unit:
        for server in unit.exec(select(Server).where(col(Server.mac).in_(list(numbers)))):
            if server.name == WITHOUT_SCREEN:
                continue
            at = numbers[server.mac]
            put_screen(unit, server.id or 0, ScreenEndpoint(at["host"], at["port"], at["password"]))


def main() -> None:
    data = settings().data
    fleet = read_fleet(data / "lab", timeout=180)
    target = data / SIGN_INS
    fresh = target.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(seed(fleet), out, indent=1)
    with unit_of_work() as unit:
        billing_demo.fill(unit)
    seed_screens(fleet, read_screens(data / "lab"))
    fresh.rename(Path(target))
    is_real = os.environ.get("MACHINES") == "qemu"
    seed_systems(settings().boot_files, real=build(CACHE).directory if is_real else None)
    seed_networks()
    seed_tickets()
    seed_traffic(fleet, read_switches(data / "switches", timeout=180), now=utcnow())
    seed_traffic_plans()
    with unit_of_work() as unit:
        inventory_demo.fill(unit)
        if (technician := inventory_demo.technician(unit)) is not None:
            arrivals_demo.fill(unit, technician, read_newcomers(data / "lab"))


if __name__ == "__main__":
    main()
