"""The demo's companies: whole, believable, and the same after every start."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyotp
import pytest
from sqlmodel import select

from lab import demo_data
from lab.people import ACME, COMPANIES, PEOPLE
from opsportal.db import unit_of_work
from opsportal.domain.accounts import sign_in
from opsportal.models import Bmc, Family, LoginStage, Person, Plan, Role, Server, Service, ServiceStatus

pytestmark = pytest.mark.usefixtures("portal")


def _fleet(count: int) -> list[dict[str, Any]]:
    return [
        {
            "host": "127.0.0.1",
            "port": 16_000 + n,
            "username": "admin",
            "password": f"secret-{n}",
            "mac": f"02:00:00:00:00:{n:02x}",
            "model": "Supermicro X",
            "cpu": "8 cores",
            "ram_gb": 64,
            "disks": "2 x 960 GB SSD",
        }
        for n in range(count)
    ]


def _everything() -> Counter[str]:
    with unit_of_work() as unit:
        return Counter(
            {m.__name__: len(unit.exec(select(m)).all()) for m in (Person, Plan, Server, Service, Bmc)}
        )


def test_demo_has_every_family_every_state_and_three_languages() -> None:
    demo_data.seed(_fleet(24))
    with unit_of_work() as unit:
        services = unit.exec(select(Service, Plan).join(Plan)).all()
        acme = [service for service, _ in services if service.company_id == 1]
        people = unit.exec(select(Person)).all()
    assert {plan.family for _, plan in services} == set(Family)
    # These become so as the year of money passes.
    later = {ServiceStatus.PROVISIONING, ServiceStatus.SUSPENDED}
    assert {service.status for service, _ in services} == set(ServiceStatus) - later
    ended = (ServiceStatus.TERMINATED, ServiceStatus.CANCELLED)
    assert sum(service.status not in ended for service in acme) == 24
    assert sum(service.termination_requested_on is not None for service in acme) == 1
    assert {person.locale for person in people} == {"en", "uk", "es"}
    assert {person.role for person in people} == set(Role)


def test_second_start_changes_nothing_that_people_have_done() -> None:
    demo_data.seed(_fleet(24))
    with unit_of_work() as unit:
        service = unit.exec(select(Service).where(Service.name == ACME.services[0].name)).one()
        service.status = ServiceStatus.TERMINATED
    before = _everything()
    demo_data.seed(_fleet(24))
    assert _everything() == before
    with unit_of_work() as unit:
        assert unit.get_one(Service, service.id).status == ServiceStatus.TERMINATED


def test_bmc_follows_the_lab_and_new_machines_join() -> None:
    demo_data.seed(_fleet(3))
    moved = _fleet(5)
    moved[0]["port"], moved[0]["password"] = 17_000, "another secret"
    demo_data.seed(moved)
    with unit_of_work() as unit:
        server = unit.exec(select(Server).where(Server.mac == moved[0]["mac"])).one()
        assert unit.get_one(Bmc, server.id).port == 17_000
        assert b"secret" not in unit.get_one(Bmc, server.id).password
    assert _everything()["Server"] == 5


def test_name_that_is_taken_is_given_to_nobody_else() -> None:
    demo_data.seed(_fleet(2))
    with unit_of_work() as unit:
        unit.exec(select(Server).order_by(Server.id)).first().name = COMPANIES[-1].servers[-1]  # type: ignore[union-attr]
    demo_data.seed(_fleet(30))
    assert _everything()["Server"] == 30


def test_every_sign_in_that_is_printed_works() -> None:
    for entry in demo_data.seed(_fleet(1)):
        with unit_of_work() as unit:
            where = {"ip": "192.0.2.1", "user_agent": "test"}
            opened = sign_in.begin(unit, email=entry["email"], password=entry["password"], **where)
        if entry["totp_secret"]:
            assert opened.stage is LoginStage.PASSWORD
            code = pyotp.TOTP(entry["totp_secret"]).now()
            with unit_of_work() as unit:
                opened = sign_in.complete(unit, opened.session_id, code=code, **where)
        assert opened.stage is LoginStage.SIGNED_IN
    assert len(PEOPLE) == 6
    assert len(COMPANIES) == 3
