"""A block that a plan asks for comes, and goes, however often its job fails and whatever else keeps the server off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.refusals import ServerBusy
from opsportal.domain.traffic import blocks
from opsportal.domain.vault import seal
from opsportal.models import (
    HardwareJob,
    JobKind,
    Mail,
    PortLink,
    PortOrder,
    ServerBlock,
    Switch,
    SwitchPort,
    TrafficAction,
    TrafficAlert,
)
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.cabling import make_block
from tests.integration.traffic.test_plans import DAY, INCLUDED, World
from workers import traffic_plans

pytestmark = pytest.mark.usefixtures("portal")
LONG_AGO = blocks.AGAIN_AFTER + dt.timedelta(minutes=1)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A server whose switch may be written, with all traffic of its plan used."""
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    settings.cache_clear()
    world = World(action=TrafficAction.BLOCK)
    with unit_of_work() as unit:
        unit.get_one(Switch, world.switch.switch_id).write_community = seal("private")
    world.moves(INCLUDED)
    return world


def jobs(kind: JobKind) -> list[HardwareJob]:
    with unit_of_work() as unit:
        query = select(HardwareJob).where(col(HardwareJob.kind) == kind)
        return list(unit.exec(query.order_by(col(HardwareJob.id))))


def end(job: HardwareJob, status: str, *, ago: dt.timedelta = dt.timedelta()) -> None:
    """As a worker would, at some time in the past."""
    with unit_of_work() as unit:
        row = unit.get_one(HardwareJob, job.id)
        row.status, row.finished_at = status, utcnow() - ago


def told() -> list[tuple[str, str]]:
    """What the desk was told: subject, and the second paragraph, which says why."""
    with unit_of_work() as unit:
        mails = unit.exec(select(Mail).where(col(Mail.to_address) == "desk@test.example")).all()
    return [(mail.subject, mail.body_text.split("\n\n")[2]) for mail in mails]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("failed", "It has failed."),
        ("expired", "waited too long"),
        ("cancelled", "Cancelled before it began."),
    ],
)
def test_a_block_whose_job_came_to_nothing_is_asked_for_again(world: World, status: str, why: str) -> None:
    traffic_plans.run()
    (first,) = jobs(JobKind.BLOCK)
    end(first, status)
    traffic_plans.run()
    assert (len(jobs(JobKind.BLOCK)), told()) == (1, [])  # not at once: the switch is given some time
    end(first, status, ago=LONG_AGO)
    traffic_plans.run()
    assert len(jobs(JobKind.BLOCK)) == 2
    ((subject, words),) = said = told()
    assert (subject, why in words) == (f"{world.service.name} could not be blocked", True)
    end(jobs(JobKind.BLOCK)[1], "succeeded", ago=LONG_AGO)
    with unit_of_work() as unit:
        block = unit.exec(select(ServerBlock).order_by(col(ServerBlock.id).desc())).first()
        assert block is not None
        block.blocked_at = block.ended_at = utcnow()  # and staff has lifted it since: that stays so
    traffic_plans.run()
    assert (len(jobs(JobKind.BLOCK)), told()) == (2, said)


def _uplink(world: World) -> None:
    with unit_of_work() as unit:
        unit.exec(select(SwitchPort).where(col(SwitchPort.if_name) == "ge-0/0/0")).one().is_uplink = True


def _read_only(world: World) -> None:
    with unit_of_work() as unit:
        unit.get_one(Switch, world.switch.switch_id).write_community = None


def _unknown(world: World) -> None:
    """Nobody knows any more where its cable ends; what it has moved stays on record."""
    with unit_of_work() as unit:
        unit.exec(select(PortLink)).one().valid_until = utcnow()


def _gone(world: World) -> None:
    with unit_of_work() as unit:
        unit.exec(select(SwitchPort).where(col(SwitchPort.if_name) == "ge-0/0/0")).one().if_index = None


@pytest.mark.parametrize(
    ("stands_in_the_way", "why"),
    [
        (_uplink, "Port ge-0/0/0 is marked as an uplink, and uplinks are never switched."),
        (_read_only, "The portal may not set ports of switch {switch}: store credentials that may."),
        (_unknown, "No switch port is on record for its server."),
        (_gone, "The switch shows no port ge-0/0/0 at present."),
    ],
)
def test_what_can_never_be_blocked_goes_to_a_person_once_a_cycle(
    world: World, stands_in_the_way: Callable[[World], None], why: str
) -> None:
    stands_in_the_way(world)
    with unit_of_work() as unit:
        switch = unit.get_one(Switch, world.switch.switch_id).name
    for _ in range(3):
        traffic_plans.run()
    assert (world.outcomes()[-1][2], jobs(JobKind.BLOCK)) == ("wanted", [])
    assert told() == [(f"{world.service.name} could not be blocked", why.format(switch=switch))]


def test_a_busy_server_is_a_persons_business_only_after_an_hour(world: World) -> None:
    with unit_of_work() as unit:
        unit.add(
            HardwareJob(
                server_id=world.server.id, kind=JobKind.REBOOT, status="queued", actor_name="x",
                not_after=utcnow() + DAY,
            )
        )  # fmt: skip
    traffic_plans.run()
    assert (world.outcomes()[-1][2], told()) == ("wanted", [])
    with unit_of_work() as unit:
        alert = unit.exec(select(TrafficAlert).where(col(TrafficAlert.step) == 100)).one()
        with pytest.raises(ServerBusy):
            blocks.block_now(unit, alert.id or 0)
        alert.at -= blocks.TOLD_AFTER
    traffic_plans.run()
    ((_, why),) = told()
    assert (world.server.name in why, ServerBusy.code in why) == (True, False)


def test_a_clients_own_block_does_not_stand_for_that_of_the_plan(world: World) -> None:
    with unit_of_work() as unit:
        port = unit.exec(select(SwitchPort).where(col(SwitchPort.if_name) == "ge-0/0/0")).one()
    own = make_block(world.server, port)
    traffic_plans.run()
    assert (world.outcomes()[-1][2], jobs(JobKind.BLOCK)) == ("wanted", [])
    with unit_of_work() as unit:
        unit.get_one(ServerBlock, own.id).ended_at = utcnow()
    traffic_plans.run()
    assert (world.outcomes()[-1][2], len(jobs(JobKind.BLOCK))) == ("done", 1)
    with unit_of_work() as unit:
        assert unit.exec(select(ServerBlock.is_by_staff).order_by(col(ServerBlock.id))).all() == [False, True]


def test_a_block_is_lifted_after_its_cycle_also_when_the_first_attempt_fails(world: World) -> None:
    traffic_plans.run()
    end(jobs(JobKind.BLOCK)[0], "succeeded")
    with unit_of_work() as unit:
        unit.exec(select(ServerBlock)).one().blocked_at = utcnow()
        alert_id = unit.exec(select(TrafficAlert.id).where(col(TrafficAlert.step) == 100)).one() or 0

    def lift() -> bool:
        with calendar.as_of(utcnow() + 40 * DAY), unit_of_work() as unit:
            return blocks.unblock_if_over(unit, alert_id)

    assert lift()
    assert not lift()  # it is under way
    assert told() == []
    end(jobs(JobKind.UNBLOCK)[0], "failed")
    assert not lift()
    said = [(f"The block of {world.service.name} could not be lifted", "It has failed.")]
    assert told() == said
    end(jobs(JobKind.UNBLOCK)[0], "failed", ago=LONG_AGO)
    assert lift()
    assert (world.outcomes()[-1][2], len(jobs(JobKind.UNBLOCK)), told()) == ("done", 2, said)


def test_a_block_that_comes_into_force_after_its_cycle_is_lifted(world: World) -> None:
    """Its job was asked for in the last moments, and still waits or runs when the cycle ends."""
    traffic_plans.run()
    (job,) = jobs(JobKind.BLOCK)
    with calendar.as_of(utcnow() + 40 * DAY):
        traffic_plans.run()
        assert (world.outcomes()[-1][2], jobs(JobKind.UNBLOCK)) == ("done", [])
        end(job, "succeeded")
        with unit_of_work() as unit:
            unit.exec(select(ServerBlock)).one().blocked_at = utcnow()
            for order in unit.exec(select(PortOrder)):
                order.status, order.ended_at, order.outcome_code = "done", utcnow(), "verified"
        traffic_plans.run()
        assert len(jobs(JobKind.UNBLOCK)) == 1


def test_a_block_that_cannot_be_lifted_goes_to_a_person(world: World) -> None:
    traffic_plans.run()
    end(jobs(JobKind.BLOCK)[0], "succeeded")
    with unit_of_work() as unit:
        unit.exec(select(ServerBlock)).one().blocked_at = utcnow()
        for order in unit.exec(select(PortOrder)):
            order.status, order.ended_at, order.outcome_code = "done", utcnow(), "verified"
    _read_only(world)
    with unit_of_work() as unit:
        switch = unit.get_one(Switch, world.switch.switch_id).name
    with calendar.as_of(utcnow() + 40 * DAY):
        for _ in range(2):
            traffic_plans.run()
    assert jobs(JobKind.UNBLOCK) == []
    [(subject, why)] = told()
    assert subject == f"The block of {world.service.name} could not be lifted"
    assert why == f"The portal may not set ports of switch {switch}: store credentials that may."
