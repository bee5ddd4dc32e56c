"""A machine beside its order, from the order's entry to a person's word: by its jobs, and as its page shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import fleet
from opsportal.domain.inventory import deliveries, intake, orders, work
from opsportal.domain.inventory.intake import Arrival
from opsportal.domain.inventory.refusals import (
    InspectionOutdated,
    NoDifference,
    OrderEmpty,
    OrderKnown,
    ReasonMissing,
)
from opsportal.domain.provisioning.systems import offered_systems
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.models import AuditEvent, Bmc, HardwareOrder, Role, Server
from opsportal.state.inventory.arrivals import Chosen, read_arrivals
from opsportal.state.inventory.machine import read_machine
from opsportal.state.inventory.views import MachineView
from tests.bmc.furnished import emulation
from tests.bmc.ipmi_sim import StartBmc
from tests.builders import make_actor, make_company
from tests.integration.inventory.machines import PARTS, evidence, run, stock_status
from tests.integration.provisioning.rack import make_system
from workers import hardware

pytestmark = pytest.mark.usefixtures("portal")
HOST = "127.0.0.79"


@pytest.fixture
def staff() -> Actor:
    return make_actor(role=Role.TECHNICIAN)


def order(staff: Actor, parts: str, ref: str = "PO-7") -> HardwareOrder:
    with unit_of_work() as unit:
        return orders.enter(unit, staff, ref=ref, machines=3, parts=parts)


def take_in(
    staff: Actor, endpoint: bmc.Endpoint, *, name: str = "new-1", mac: str = "52:54:00:00:00:07"
) -> Server:
    """Take it in for the order, and have its first inspection carried out."""
    arrival = Arrival(
        name, mac, endpoint.host, endpoint.username, endpoint.password, endpoint.port, order_ref=" po-7"
    )
    with unit_of_work() as unit:
        server = intake.take_in(unit, staff, arrival)
        unit.get_one(Bmc, server.id).driver = endpoint.driver
        job = fleet.list_server_jobs(staff, unit, server.id or 0, limit=1)[0]
    hardware.run_job(job.id or 0)
    return server


def page(staff: Actor, server: Server) -> MachineView:
    with unit_of_work() as unit:
        return read_machine(unit, staff, server.id or 0)


def hardware_of(server: Server) -> tuple[str, str, int, str]:
    with unit_of_work() as unit:
        now = unit.get_one(Server, server.id)
        return now.model, now.cpu, now.memory_gb, now.disks


def lines(view: MachineView) -> list[tuple[str, str, int, int, str]]:
    return [(one.what, one.kind, one.expected, one.found, one.missing) for one in view.order_lines]


@pytest.fixture
def differing(staff: Actor) -> Iterator[tuple[MemoryBmc, Server]]:
    """A machine of two memory modules and one disk, where two disks and another module were ordered."""
    order(staff, "kind,count,model,serials\ndimm,2,32 GB,D1 D9\ndisk,2,SSD,\n")
    machine = MemoryBmc(username="hands", inventory=PARTS)
    with plugged_in(HOST, machine) as endpoint:
        yield machine, take_in(staff, endpoint)


def say(
    act: Callable[..., None], actor: Actor, inspection_id: int, reason: str = "The rest comes on Monday."
) -> None:
    with unit_of_work() as unit:
        act(unit, actor, inspection_id, reason=reason)


def test_page_shows_each_line_and_a_person_accepts_it_with_a_reason(
    staff: Actor, differing: tuple[MemoryBmc, Server]
) -> None:
    server = differing[1]
    view = page(staff, server)
    assert lines(view) == [("serial", "dimm", 2, 2, "D9"), ("fewer", "disk", 2, 1, "")]
    assert view.order_needs_word
    assert hardware_of(server) == ("Acme Rack 1", "", 0, "")
    assert run(work.clean, staff, server).status == "succeeded"
    assert evidence(server)["inventory"] == ("open", "read_by_bmc")  # no program decides it
    assert stock_status(server) == "cleaning"
    old, newest = view.inspection_id, page(staff, server).inspection_id
    for refusal, inspection_id, reason in (
        (InspectionOutdated, old, "It is fine."), (ReasonMissing, newest, " "), (NotFound, 10**9, "It is fine."),
    ):  # fmt: skip
        with pytest.raises(refusal):
            say(deliveries.accept, staff, inspection_id, reason)
    with pytest.raises(Forbidden):
        say(deliveries.accept, make_actor(company=make_company()), newest)
    assert evidence(server)["inventory"] == ("open", "read_by_bmc")
    say(deliveries.accept, staff, newest)
    after = page(staff, server)
    assert evidence(server)["inventory"] == ("good", "order_accepted")
    assert (after.order_needs_word, {part.serial for part in after.parts}) == (
        False,
        {"CH1", "D1", "D2", "K1"},
    )
    assert after.evidence[-1].note == "The rest comes on Monday."
    assert hardware_of(server) == ("Acme Rack 1", "", 64, "1 x Disk Co SSD 960")
    with pytest.raises(NoDifference):
        say(deliveries.send_back, staff, after.inspection_id)
    with unit_of_work() as unit:
        tags = unit.exec(select(AuditEvent.tag).where(col(AuditEvent.tag).startswith("order:"))).all()
    assert tags == ["order:entered", "order:accepted"]


def test_machine_that_is_sent_back_is_faulty(staff: Actor, differing: tuple[MemoryBmc, Server]) -> None:
    server = differing[1]
    say(deliveries.send_back, staff, page(staff, server).inspection_id, "Half of it is missing.")
    assert evidence(server) == {"inventory": ("bad", "sent_back")}
    assert stock_status(server) == "faulty"
    assert not page(staff, server).order_needs_word


def test_real_bmc_beside_its_order(staff: Actor, start_bmc: StartBmc) -> None:
    """What an ipmi_sim tells of its parts; the kinds that it is silent about are for a person to count."""
    order(staff, "1 chassis\n2 cpu Xeon 6338\n8 dimm 32 GB\n2 disk SSD 960 GB")
    server = take_in(staff, start_bmc(furniture=emulation()).endpoint)
    view = page(staff, server)
    silent = [("not_told", "cpu", 2, 0, ""), ("not_told", "dimm", 8, 0, ""), ("not_told", "disk", 2, 0, "")]
    assert lines(view) == [("as_ordered", "chassis", 1, 1, ""), *silent]
    assert view.order_needs_word
    make_system(min_memory_gb=64, min_disk_gb=900)
    say(deliveries.accept, staff, view.inspection_id, "Counted: all there.")
    assert hardware_of(server)[1:] == ("2 x Xeon 6338", 256, "2 x 960 GB SSD")
    with unit_of_work() as unit:  # by which it can be installed, whoever gets it
        (offered,) = offered_systems(staff, unit, server.id or 0)
    assert {one.refusal for one in offered.layouts} == {None}


def test_as_ordered_is_good_evidence_without_a_person(staff: Actor) -> None:
    order(staff, "2 dimm 32 GB: D1 D2\n1 disk: K1\n1 chassis")
    with plugged_in(HOST, MemoryBmc(username="hands", inventory=PARTS)) as endpoint:
        server = take_in(staff, endpoint)
        run(work.clean, staff, server)
    assert evidence(server)["inventory"] == ("good", "read_by_bmc")
    assert {one.what for one in page(staff, server).order_lines} == {"as_ordered"}
    with pytest.raises(NoDifference):
        say(deliveries.accept, staff, page(staff, server).inspection_id)


def test_orders_are_written_down_once_and_count_what_came(
    staff: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(staff, "2 dimm 32 GB\n1 disk 960 GB: K1")
    for text, ref, refusal in (("1 nic", "po-7 ", OrderKnown), ("\n", "PO-8", OrderEmpty)):
        with pytest.raises(refusal):
            order(staff, text, ref)
    with pytest.raises(Forbidden):
        order(make_actor(company=make_company()), "1 nic", "PO-9")
    for number, host in enumerate((HOST, "127.0.0.80"), start=1):
        with plugged_in(host, MemoryBmc(username="hands", inventory=PARTS)) as endpoint:
            take_in(staff, endpoint, name=f"new-{number}", mac=f"52:54:00:00:00:0{number}")
    with unit_of_work() as unit:
        (shown,) = read_arrivals(unit, staff, Chosen()).orders
        monkeypatch.setattr(orders, "MAX_NAMED", 1)
        (cut,) = read_arrivals(unit, staff, Chosen()).orders
    assert (shown.ref, shown.machines, shown.arrived, shown.intake) == ("PO-7", 3, 2, "/intake?order=PO-7")
    assert [(one.name, one.differs) for one in shown.came] == [("new-2", True), ("new-1", True)]
    assert ([one.name for one in cut.came], cut.arrived) == (["new-2"], 2)
    assert shown.parts == ["2 × dimm 32 GB", "1 × disk 960 GB"]
