"""A block that a plan asks for comes, and goes, however often its job fails and whatever else keeps the server off."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.traffic import blocks
from opsportal.domain.vault import seal
from opsportal.models import (
    HardwareJob,
    JobKind,
    ServerBlock,
    Switch,
    SwitchPort,
    TrafficAction,
    TrafficAlert,
)
from opsportal.models.base import utcnow
from tests.cabling import make_block
from tests.integration.traffic.test_plans import DAY, INCLUDED, World
from workers import traffic_plans

pytestmark = pytest.mark.usefixtures("portal")
LONG_AGO = blocks.AGAIN_AFTER + dt.timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    """A server whose switch may be written, with all traffic of its plan used."""
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


@pytest.mark.parametrize("status", ["failed", "expired", "cancelled"])
def test_a_block_whose_job_came_to_nothing_is_asked_for_again(world: World, status: str) -> None:
    traffic_plans.run()
    (first,) = jobs(JobKind.BLOCK)
    end(first, status)
    traffic_plans.run()
    assert len(jobs(JobKind.BLOCK)) == 1  # not at once: the switch is given some time
    end(first, status, ago=LONG_AGO)
    traffic_plans.run()
    assert len(jobs(JobKind.BLOCK)) == 2
    end(jobs(JobKind.BLOCK)[1], "succeeded", ago=LONG_AGO)
    with unit_of_work() as unit:
        block = unit.exec(select(ServerBlock).order_by(col(ServerBlock.id).desc())).first()
        assert block is not None
        block.blocked_at = block.ended_at = utcnow()  # and staff has lifted it since: that stays so
    traffic_plans.run()
    assert len(jobs(JobKind.BLOCK)) == 2


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
    end(jobs(JobKind.UNBLOCK)[0], "failed")
    assert not lift()
    end(jobs(JobKind.UNBLOCK)[0], "failed", ago=LONG_AGO)
    assert lift()
    assert (world.outcomes()[-1][2], len(jobs(JobKind.UNBLOCK))) == ("done", 2)
