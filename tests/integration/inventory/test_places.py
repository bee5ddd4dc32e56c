"""Racks and parts: nothing stands where something stands, and one part is in one place."""

from __future__ import annotations

import functools

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import bulk, intake, labels, parts, places, search
from opsportal.domain.inventory.intake import Arrival
from opsportal.domain.inventory.refusals import (
    AddressUnusable,
    BmcAlreadyKnown,
    CredentialsTooLong,
    ExpectedPartsUnclear,
    FingerprintUnusable,
    MacUnusable,
    NameTaken,
    OutsideRack,
    PlaceTaken,
    SelectionTooLarge,
    SerialTaken,
)
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.domain.vault import unseal
from opsportal.models import (
    Bmc,
    Cleaning,
    HardwareJob,
    JobStatus,
    PartKind,
    RackPosition,
    Server,
    ServerLight,
)
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_port, make_switch
from tests.crowd import at_once
from tests.doors.stock import make_rack
from tests.doors.world import make_job
from tests.integration.network import networks

pytestmark = pytest.mark.usefixtures("portal")


def place(actor: Actor, server: Server, rack: int, bottom: int, units: int = 1) -> None:
    with unit_of_work() as unit:
        places.place_server(unit, actor, server.id or 0, rack_id=rack, bottom_u=bottom, units=units)


def where(server: Server) -> str:
    with unit_of_work() as unit:
        row = unit.get_one(Server, server.id)
        return f"{row.site}|{row.rack}"


def test_what_is_written_about_a_place_follows_it(marek: Actor) -> None:
    rack, server = make_rack(), make_server()
    place(marek, server, rack, 7, 2)
    site = where(server).split("|")[0]
    assert where(server) == f"{site}|A01 U07"
    place(marek, server, rack, 8, 1)  # over its own former units
    assert where(server) == f"{site}|A01 U08"
    with unit_of_work() as unit:
        unit.execute(text("UPDATE rack SET name = 'B02' WHERE id = :id"), {"id": rack})
        unit.execute(text("UPDATE site SET name = 'Brno' WHERE name = :name"), {"name": site})
    assert where(server) == "Brno|B02 U08"
    with unit_of_work() as unit:
        found = places.find_position(unit, server.id or 0)
        assert found is not None
        places.clear_position(unit, marek, found[0].id or 0)
    assert where(server) == "Brno|"


@pytest.mark.parametrize(("bottom", "units"), [(5, 1), (6, 1), (4, 2), (6, 3), (1, 10)])
def test_no_two_things_on_one_unit(marek: Actor, bottom: int, units: int) -> None:
    rack, first, second = make_rack(), make_server(), make_server()
    place(marek, first, rack, 5, 2)
    with pytest.raises(PlaceTaken):
        place(marek, second, rack, bottom, units)
    with unit_of_work() as unit, pytest.raises(PlaceTaken):
        places.place_thing(unit, marek, rack, bottom_u=bottom, units=units, label="panel")
    with unit_of_work() as unit:
        assert [p.server_id for p in unit.exec(select(RackPosition))] == [first.id]
    other = make_rack()
    place(marek, second, other, bottom, units)  # the same units of another rack are free


@pytest.mark.parametrize(("bottom", "units"), [(0, 1), (43, 1), (42, 2), (1, 43), (-1, 1), (1, 0)])
def test_nothing_sticks_out_of_a_rack(marek: Actor, bottom: int, units: int) -> None:
    rack, server = make_rack(), make_server()
    with pytest.raises(OutsideRack):
        place(marek, server, rack, bottom, units)
    statement = text(
        "INSERT INTO rack_position (rack_id, bottom_u, units, server_id) VALUES (:rack, :bottom, :units, :server)"
    )
    values = {"rack": rack, "bottom": bottom, "units": units, "server": server.id}
    with pytest.raises(IntegrityError), unit_of_work() as unit:
        unit.execute(statement, values)
    with unit_of_work() as unit:
        assert unit.exec(select(RackPosition)).all() == []


def test_a_rack_does_not_shrink_below_what_stands_in_it(marek: Actor) -> None:
    rack = make_rack()
    place(marek, make_server(), rack, 40)
    with pytest.raises(IntegrityError, match="stands higher"), unit_of_work() as unit:
        unit.execute(text("UPDATE rack SET height_u = 39 WHERE id = :id"), {"id": rack})


def test_of_two_people_who_take_the_same_unit_one_gets_it(marek: Actor) -> None:
    rack = make_rack()
    servers = [make_server() for _ in range(4)]
    takes = (functools.partial(place, marek, server, rack, 11) for server in servers)
    assert at_once(*takes) == ["done", *["place_taken"] * 3]


def test_one_serial_number_is_on_record_once(marek: Actor) -> None:
    server = make_server()
    with unit_of_work() as unit:
        part = parts.add_spare(unit, marek, kind=PartKind.DISK, serial="WD-1", model="18 TB")
    with unit_of_work() as unit, pytest.raises(SerialTaken):
        parts.add_spare(unit, marek, kind=PartKind.DISK, serial="wd-1", model="18 TB")
    with unit_of_work() as unit:
        parts.install(unit, marek, part.id or 0, server_id=server.id or 0, slot="Bay 1")
    with unit_of_work() as unit:
        assert [(p.serial, p.slot) for p in parts.parts_of(unit, server.id or 0)] == [("WD-1", "Bay 1")]


def arrival(**changes: object) -> Arrival:
    given = {
        "name": "new-001", "mac": "52-54-00-AA-BB-01", "bmc_host": "127.0.0.9", "bmc_user": "ADMIN",
        "bmc_password": "ADMIN", "expected": "2 dimm 32 GB\n\n1 disk", "order_ref": "PO-7",
    } | changes  # fmt: skip
    return Arrival(**given)  # type: ignore[arg-type]


def test_arrival_is_nobodys_until_it_is_proved(marek: Actor) -> None:
    with unit_of_work() as unit:
        server = intake.take_in(unit, marek, arrival())
    with unit_of_work() as unit:
        row = unit.get_one(Server, server.id)
        assert (row.name, row.mac, row.stock_status) == ("new-001", "52:54:00:aa:bb:01", "cleaning")
        cleaning = unit.exec(select(Cleaning)).one()
        assert (cleaning.kind, cleaning.order_ref) == ("intake", "PO-7")
        assert [(line["kind"], line["count"]) for line in cleaning.expected] == [("dimm", 2), ("disk", 1)]
        assert unseal(unit.get_one(Bmc, server.id).password) == "ADMIN"
        assert [job.kind for job in unit.exec(select(HardwareJob))] == ["inspect"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"mac": "52:54:00:aa:bb"}, MacUnusable),
        ({"mac": "01:00:5e:00:00:01"}, MacUnusable),  # a group address is nobody's
        ({"bmc_host": "8.8.8.8"}, AddressUnusable),
        ({"bmc_host": "bmc.example"}, AddressUnusable),
        ({"bmc_password": "x" * 21}, CredentialsTooLong),
        ({"certificate": "ab:cd"}, FingerprintUnusable),
        ({"expected": "two dimms"}, ExpectedPartsUnclear),
        ({"expected": "2 gpu"}, ExpectedPartsUnclear),
        ({"name": "taken"}, NameTaken),
        ({"bmc_host": "127.0.0.5"}, BmcAlreadyKnown),
    ],
)
def test_arrival_that_is_refused_leaves_nothing(
    marek: Actor, changes: dict[str, str], refusal: type[Refusal]
) -> None:
    with unit_of_work() as unit:
        known = unit.get_one(Bmc, make_server(name="taken").id)
        known.host, known.port = "127.0.0.5", 623
    with pytest.raises(refusal), unit_of_work() as unit:
        intake.take_in(unit, marek, arrival(**changes))
    with unit_of_work() as unit:
        assert [row.name for row in unit.exec(select(Server))] == ["taken"]
        assert unit.exec(select(HardwareJob)).all() == []


def test_dry_run_says_what_happens_to_each_and_carrying_out_does_that(marek: Actor) -> None:
    company = make_company(name="Acme")
    rented = make_server(make_service(company), name="b-rented", power="on")
    off = make_server(name="a-off", power="off")
    bare = make_server(name="c-bare", has_bmc=False)
    busy = make_server(name="d-busy", power="on")
    make_job(busy, status=JobStatus.RUNNING, company_id=None)
    chosen = [server.id or 0 for server in (rented, off, bare, busy)]
    with unit_of_work() as unit:
        plans = bulk.dry_run(marek, unit, kind=bulk.Action.POWER_OFF, server_ids=chosen)
    assert [(p.server, p.happens, p.code, p.company, p.holder) for p in plans] == [
        ("a-off", False, "is_off", "", ""),
        ("b-rented", True, "will_power_off", "Acme", ""),
        ("c-bare", False, "no_bmc", "", ""),
        ("d-busy", False, "busy", "", "somebody"),
    ]
    with unit_of_work() as unit:
        assert len(unit.exec(select(HardwareJob)).all()) == 1  # a dry run asks for nothing
    done = bulk.carry_out(marek, kind=bulk.Action.POWER_OFF, server_ids=chosen)
    assert [(one.job_id > 0, one.code) for one in done] == [
        (False, "is_off"),
        (True, ""),
        (False, "no_bmc"),
        (False, "busy"),
    ]
    again = bulk.carry_out(marek, kind=bulk.Action.POWER_OFF, server_ids=chosen)
    assert [one.job_id for one in again] == [0, 0, 0, 0]


def test_the_light_is_possible_on_servers_that_are_busy_and_makes_no_job(marek: Actor) -> None:
    busy, bare = make_server(name="busy", power="on"), make_server(name="bare", has_bmc=False)
    make_job(busy, status=JobStatus.RUNNING, company_id=None)
    chosen = [busy.id or 0, bare.id or 0]
    with unit_of_work() as unit:
        plans = bulk.dry_run(marek, unit, kind=bulk.Action.IDENTIFY, server_ids=chosen)
        assert unit.exec(select(ServerLight)).all() == []
    assert [(plan.server, plan.code) for plan in plans] == [("bare", "no_bmc"), ("busy", "will_identify")]
    done = bulk.carry_out(marek, kind=bulk.Action.IDENTIFY, server_ids=chosen)
    assert [(one.is_asked, one.job_id, one.code) for one in done] == [(False, 0, "no_bmc"), (True, 0, "")]
    with unit_of_work() as unit:
        assert [light.server_id for light in unit.exec(select(ServerLight))] == [busy.id]
        assert len(unit.exec(select(HardwareJob)).all()) == 1


def test_bulk_is_authorised_on_each_object_and_bounded(marek: Actor) -> None:
    server = make_server(power="on")
    client = make_actor(company=make_company())
    for actor, chosen, refusal in (
        (client, [server.id or 0], Forbidden),
        (marek, [server.id or 0, 999_999], NotFound),
        (marek, list(range(1, 102)), SelectionTooLarge),
    ):
        with pytest.raises(refusal):
            bulk.carry_out(actor, kind=bulk.Action.POWER_OFF, server_ids=chosen)
    with unit_of_work() as unit:
        assert unit.exec(select(HardwareJob)).all() == []


def test_networks_switches_and_ports_are_found(marek: Actor) -> None:
    prefix = networks.make_prefix("198.51.100.0/24")
    server = make_server(name="cabled")
    port = make_port(server, switch=make_switch(name="leaf-3", host="127.0.0.9"), if_name="ge-0/0/7")
    at = f"/pollers?switch={port.switch_id}"
    for typed, wanted in (
        ("198.51.100.", [("prefix", "198.51.100.0/24", f"/network?prefix={prefix.id}")]),
        ("198.51.100.252", [("prefix", "198.51.100.0/24", f"/network?prefix={prefix.id}")]),
        ("LEAF", [("switch", "leaf-3", at)]),
        ("127.0.0.9", [("switch", "leaf-3", at)]),
        ("GE-0/0/7", [("port", "leaf-3 ge-0/0/7", at)]),
    ):
        with unit_of_work() as unit:
            assert [(h.kind, h.label, h.path) for h in search.find(marek, unit, typed)] == wanted, typed


def test_everything_on_a_machine_leads_to_it(marek: Actor) -> None:
    rack = make_rack()
    server = make_server(name="needle-07", mac="52:54:00:de:ad:07", ip="203.0.113.77")
    place(marek, server, rack, 3)
    with unit_of_work() as unit:
        spare = parts.add_spare(unit, marek, kind=PartKind.DISK, serial="ZX99-1", model="SSD")
        parts.install(unit, marek, spare.id or 0, server_id=server.id or 0)
    label = labels.label_of(server.id or 0)
    for typed in ("needle", "NEEDLE-0", "52-54-00-DE-AD-07", "52:54:00:de:ad:07", "203.0.113.77", label):
        with unit_of_work() as unit:
            hits = search.find(marek, unit, typed)
        assert [hit.path for hit in hits if hit.kind == "server"] == [f"/servers/{server.id}"], typed
    with unit_of_work() as unit:
        assert [(h.kind, h.path) for h in search.find(marek, unit, "zx99")] == [
            ("part", f"/stock/{server.id}")
        ]
        assert [h.path for h in search.find(marek, unit, "a01") if h.kind == "rack"] == [f"/racks/{rack}"]
        assert [h.path for h in search.find(marek, unit, "site ") if h.kind == "site"] == ["/racks"]
        assert search.find(marek, unit, "%") == search.find(marek, unit, "%%%") == []
        assert labels.find_by_label(marek, unit, f"http://portal/s/{label}").id == server.id
        with pytest.raises(NotFound):
            labels.find_by_label(marek, unit, "nothing-here")
        assert search.find(make_actor(company=make_company()), unit, "needle") == []
