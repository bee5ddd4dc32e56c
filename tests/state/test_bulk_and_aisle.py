"""One action for many servers with its dry run, and what somebody in the aisle can order: what pages are told."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import select

from opsportal.components import provisioning_labels
from opsportal.db import unit_of_work
from opsportal.domain import access
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import identify
from opsportal.domain.hardware.takeover import take_over
from opsportal.domain.inventory import labels
from opsportal.domain.provisioning.orders import InstallOrder
from opsportal.domain.provisioning.reinstall import request_reinstall
from opsportal.domain.refusals import Forbidden
from opsportal.models import HardwareJob, JobStatus, Role, Server, SystemPurpose
from opsportal.state import guard
from opsportal.state.inventory.aisle import AISLE, read_aisle
from opsportal.state.inventory.views import AisleView, BulkView
from opsportal.state.inventory.work import BulkState
from tests.builders import make_actor, make_company, make_server
from tests.doors.world import make_job
from tests.integration.provisioning.rack import make_system

pytestmark = pytest.mark.usefixtures("portal")
DRAFT = "0123456789abcdef" * 2


@pytest.fixture
def marek(portal: str) -> Actor:
    return make_actor(role=Role.TECHNICIAN)


def asked(actor: Actor, dialog: SimpleNamespace, handler: Any, *servers: Server) -> BulkView:
    """What the dialog shows after this event of this person."""

    async def handle() -> None:
        guard._actor.set(actor)
        await handler.fn(dialog, draft=DRAFT, kind="power_off", server_ids=[one.id for one in servers])

    asyncio.run(handle())
    shown: BulkView = dialog.bulk
    return shown


def count_jobs() -> int:
    with unit_of_work() as unit:
        return len(unit.exec(select(HardwareJob)).all())


def test_dialog_shows_each_server_before_anything_happens_and_asks_once(marek: Actor) -> None:
    on, off = make_server(name="on", power="on"), make_server(name="off", power="off")
    dialog = SimpleNamespace(bulk=BulkView())
    plan = asked(marek, dialog, BulkState.dry_run, on, off)
    assert (plan.asked, plan.kind, plan.is_done, plan.happens) == (DRAFT, "power_off", False, 1)
    assert [(p.server, p.happens, p.code, p.job_id) for p in plan.plans] == [
        ("off", False, "is_off", 0),
        ("on", True, "will_power_off", 0),
    ]
    assert count_jobs() == 0
    for _ in range(2):  # a second click, or an event that came twice
        done = asked(marek, dialog, BulkState.carry_out, on, off)
        assert (done.is_done, done.happens, count_jobs()) == (True, 1, 1)
        assert [(p.server, p.job_id > 0) for p in done.plans] == [("off", False), ("on", True)]


def aisle_of(actor: Actor, server: Server) -> AisleView:
    with unit_of_work() as unit:
        return read_aisle(unit, actor, labels.label_of(server.id or 0))


def test_aisle_offers_what_fits_and_says_why_nothing_can_be_ordered(marek: Actor) -> None:
    server = make_server(name="here", disks="2 x 960 GB SSD")
    make_system(name="Debian")
    make_system(name="Wipe", purpose=SystemPurpose.WIPE)
    view = aisle_of(marek, server)
    assert ([one.name for one in view.systems], len(view.disks), view.can_wipe) == (["Debian"], 2, True)
    assert (view.blocked, view.job.id) == ("", 0)
    job = make_job(server, status=JobStatus.RUNNING, company_id=None)
    view = aisle_of(marek, server)
    assert (view.blocked, view.job.id) == ("server_busy", job.id)
    assert view.blocked_params["server"] == "here"
    assert aisle_of(marek, make_server(has_bmc=False)).blocked == "server_without_bmc"


def test_aisle_offers_nothing_to_whom_may_not_reinstall_and_takes_no_order(
    marek: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, system = make_server(name="here"), make_system(name="Debian")
    order = InstallOrder(
        system_id=system.id or 0, hostname="here", layout="single", confirmation="here", disks=["1"]
    )
    assert [one.name for one in aisle_of(marek, server).systems] == ["Debian"]
    without = access.GRANTS[Role.TECHNICIAN] - {Permission.SERVER_REINSTALL}
    monkeypatch.setitem(access.GRANTS, Role.TECHNICIAN, without)
    view = aisle_of(marek, server)
    assert (view.systems, view.disks, view.can_wipe, view.name) == ([], [], False, "here")
    with unit_of_work() as unit, pytest.raises(Forbidden):
        request_reinstall(unit, marek, server.id or 0, order)
    assert count_jobs() == 0
    with pytest.raises(Forbidden):
        aisle_of(make_actor(company=make_company()), server)


def test_aisle_waits_while_somebody_else_has_taken_a_job_over(marek: Actor) -> None:
    """A failed job is at work no more: its buttons wait for the person alone, not for who has it."""
    server, anna = make_server(name="here"), make_actor(role=Role.OPERATOR)
    job = make_job(server, status=JobStatus.FAILED, company_id=None)
    with unit_of_work() as unit:
        take_over(unit, anna, job.id or 0)
    view = aisle_of(marek, server)
    assert (view.blocked, view.blocked_params["actor"]) == ("server_taken_over", anna.name)
    assert view.blocked in provisioning_labels.BLOCKED
    assert not view.job.is_active
    assert aisle_of(anna, server).blocked == ""


def test_aisle_is_told_of_its_light(marek: Actor) -> None:
    server = make_server()
    label = labels.label_of(server.id or 0)
    with unit_of_work() as unit:
        identify.ask(unit, marek, server.id or 0)
        assert unit.topics & AISLE.topics(marek, label)
    with unit_of_work() as unit:
        identify.record(unit, server.id or 0, lit_s=240)
        assert unit.topics & AISLE.topics(marek, label)
