"""What waits in the demo's stock, once its workers have done what the demo asked for."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from lab import arrivals_demo, demo_data, inventory_demo
from lab.bmcs.client import read_newcomers
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.models import HardwareJob, JobStatus, Server
from opsportal.state.inventory.arrivals import Chosen, read_arrivals
from opsportal.state.inventory.firmware import read_firmware
from opsportal.state.inventory.machine import read_machine
from tests.lab.labs import RunningLab
from workers import discovery, hardware

pytestmark = pytest.mark.usefixtures("portal")


def fill(lab: RunningLab) -> Actor:
    """As `lab.demo_data` does at each start."""
    with unit_of_work() as unit:
        inventory_demo.fill(unit)
        actor = inventory_demo.technician(unit)
        assert actor is not None
        arrivals_demo.fill(unit, actor, read_newcomers(lab.directory))
    return actor


def ordered_jobs() -> list[int]:
    with unit_of_work() as unit:
        query = select(HardwareJob.id).where(col(HardwareJob.status) == JobStatus.QUEUED)
        return [number or 0 for number in unit.exec(query.order_by(col(HardwareJob.id)))]


def test_order_is_half_there_and_one_machine_of_it_is_not_as_ordered(
    shared_lab: RunningLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "patience_s", 60.0)  # nobody is slow there, but this machine may be
    demo_data.seed(
        shared_lab.fleet()[55:79]
    )  # which no other test takes; one that is being cleaned is the 77th
    actor = fill(shared_lab)
    with unit_of_work() as unit:
        (order,), (sweep,) = (
            getattr(read_arrivals(unit, actor, Chosen()), name) for name in ("orders", "sweeps")
        )
        names = dict(unit.exec(select(Server.name, Server.id)).all())
    assert (order.ref, order.machines, order.arrived) == ("NR-2043", 4, 2)
    jobs = ordered_jobs()
    discovery.run(sweep.id)
    for number in jobs:
        hardware.run_job(number)
    with unit_of_work() as unit:
        arrivals = read_arrivals(unit, actor, Chosen())
        pages = [
            read_machine(unit, actor, names[name] or 0) for name in ("stock-101", "stock-102", "stock-021")
        ]
        approved = read_firmware(unit, actor, None)
    assert (len(arrivals.seen), arrivals.known) == (4, 2)
    assert [page.order_needs_word for page in pages] == [False, True, False]
    assert {line.what for line in pages[0].order_lines} == {"as_ordered"}
    assert [
        (one.kind, one.expected, one.found) for one in pages[1].order_lines if one.what != "as_ordered"
    ] == [("dimm", 4, 3)]
    deviates = next(step for step in pages[2].steps if step.name == "firmware")
    assert (deviates.result, deviates.newest.facts) == (
        "open",
        ["BMC: approved 1.00, found 0.98", "reason: not as approved"],
    )
    assert {row.version for row in approved.rows} == {"1.00"}
    assert fill(shared_lab) == actor  # the next start
    assert ordered_jobs() == []
    with unit_of_work() as unit:
        assert len(read_arrivals(unit, actor, Chosen()).orders) == 1
        assert [len(read_machine(unit, actor, page.id).parts) for page in pages[:2]] == [8, 0]
