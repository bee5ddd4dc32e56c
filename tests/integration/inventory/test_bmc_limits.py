"""What a BMC's family takes is learned by its inspection, and kept to by whoever makes users or opens sessions."""

from __future__ import annotations

import dataclasses

import pytest

import bmc
from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import bmc_access, grants
from opsportal.domain.consoles.refusals import AccessFull, BmcSessionsFull
from opsportal.domain.hardware.bmc_limits import Limits, limits_of
from opsportal.domain.inventory import work
from opsportal.models import Bmc, ConsoleKind, Role, Server
from opsportal.settings import settings
from tests.builders import make_actor, make_server
from tests.integration.inventory.machines import PARTS, password_on_record, run, stocked

pytestmark = pytest.mark.usefixtures("portal")


def limited(server: Server, **limits: int) -> None:
    with unit_of_work() as unit:
        unit.get_one(Bmc, server.id).limits = limits


def limits(server: Server) -> Limits:
    with unit_of_work() as unit:
        return limits_of(unit, server.id or 0)


@pytest.mark.parametrize("maker", [674, 11, 42817, 99])
def test_inspection_learns_them_from_the_quirks_of_the_family(maker: int) -> None:
    machine = MemoryBmc(inventory=dataclasses.replace(PARTS, manufacturer_id=maker))
    with stocked(machine) as (server, actor):
        assert limits(server) == Limits()  # nobody has asked it yet
        assert run(work.inspect, actor, server).status == "succeeded"
        assert dataclasses.asdict(limits(server)) == bmc.quirks_of(maker).limits()


def test_what_is_unknown_is_as_the_library_says() -> None:
    assert dataclasses.asdict(Limits()) == bmc.quirks_of(None).limits()
    server = make_server()
    limited(server, sessions=0, user_slots=-1, other=7)
    assert limits(server) == Limits()


def test_rotation_makes_a_password_that_the_bmc_can_keep() -> None:
    machine = MemoryBmc(username="ADMIN")
    with stocked(machine) as (server, actor):
        limited(server, password_bytes=16, name_bytes=8)
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        name, password = password_on_record(server)
    assert (name, len(password)) == ("opsporta", 16)
    assert machine.users["opsporta"].password == password


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> tuple[Server, Actor]:
    """A server whose BMC's own page is offered, and a technician who has just proved who it is."""
    monkeypatch.setenv("BMC_PAGE", "https://{host}/")
    settings.cache_clear()
    monkeypatch.setattr(bmc_access.elevation, "require", lambda unit, actor: None)
    return make_server(), make_actor(role=Role.TECHNICIAN)


def test_temporary_user_fits_and_takes_no_slot_that_we_need(page: tuple[Server, Actor]) -> None:
    server, actor = page
    limited(server, password_bytes=12, name_bytes=10, user_slots=4)
    with unit_of_work() as unit:
        access = bmc_access.request_access(unit, actor, server.id or 0)
        assert (len(access.username), access.password is not None) == (10, True)
    with unit_of_work() as unit, pytest.raises(AccessFull) as full:
        bmc_access.request_access(unit, make_actor(role=Role.TECHNICIAN), server.id or 0)
    assert full.value.params == {"limit": 1}


def test_one_session_of_the_bmc_is_kept_for_jobs(page: tuple[Server, Actor]) -> None:
    server, actor = page
    limited(server, sessions=2)
    with unit_of_work() as unit:
        grants.grant_console(unit, actor, server.id or 0, ConsoleKind.SERIAL)
    with unit_of_work() as unit:  # whoever looks on shares that session
        grants.grant_console(unit, make_actor(role=Role.TECHNICIAN), server.id or 0, ConsoleKind.SERIAL)
    with unit_of_work() as unit, pytest.raises(BmcSessionsFull):
        bmc_access.request_access(unit, actor, server.id or 0)
    limited(server, sessions=3)
    with unit_of_work() as unit:
        bmc_access.request_access(unit, actor, server.id or 0)
