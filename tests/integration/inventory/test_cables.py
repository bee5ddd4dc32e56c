"""Cables between servers and ports: one server a port, never an uplink, and usage that stays with its service."""

from __future__ import annotations

import datetime as dt
import functools
import threading

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import port_orders
from opsportal.domain.hardware.refusals import PortNotCabled
from opsportal.domain.inventory import cables, places, search
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.domain.traffic import links
from opsportal.domain.traffic.refusals import (
    CableOfBlockedServer,
    CableOfUplink,
    CableUnderOrders,
    PortTaken,
    PortUnknown,
    ServerUnknown,
)
from opsportal.models import AuditEvent, PortLink, Prefix, Role, Server, Site, Switch, SwitchPort
from opsportal.models.base import utcnow
from opsportal.state.network.tab import read_network
from tests.builders import make_actor, make_company, make_server, make_service
from tests.cabling import make_block, make_port, make_switch
from tests.crowd import at_once
from tests.doors import world
from tests.doors.world import make_prefix

WAITS_FOR_US = text(
    "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
)
pytestmark = pytest.mark.usefixtures("portal")


@pytest.fixture
def staff() -> Actor:
    return make_actor(role=Role.TECHNICIAN)


def connect(actor: Actor, port: SwitchPort, server: Server, nic: str = "") -> None:
    with unit_of_work() as unit:
        cables.connect(unit, actor, port.id or 0, server.id or 0, nic=nic)


def links_of(server: Server) -> list[PortLink]:
    query = select(PortLink).where(col(PortLink.server_id) == server.id).order_by(col(PortLink.id))
    with unit_of_work() as unit:
        return list(unit.exec(query))


def test_a_cable_is_plugged_in_moved_and_pulled_and_its_history_stays(staff: Actor) -> None:
    company = make_company()
    service = make_service(company)
    server, switch = make_server(service), make_switch(name="prg-sw-01")
    first, second = (make_port(switch=switch, if_name=name) for name in ("ge-0/0/1", "ge-0/0/2"))
    connect(staff, first, server, " eno1 ")
    with unit_of_work() as unit:
        (plug,) = read_network(unit, make_actor(company=company), server.id or 0).plugs
        to = cables.find_port(staff, unit, " PRG-sw-01  ge-0/0/2 ")
        assert (plug.switch, plug.port, plug.nic) == ("prg-sw-01", "ge-0/0/1", "eno1")
    with unit_of_work() as unit:
        cables.move(unit, staff, first.id or 0, to.id or 0)
    with unit_of_work() as unit:
        cables.unplug(unit, staff, second.id or 0)
        listed = cables.list_of_server(staff, unit, server.id or 0)
        assert listed == cables.list_of_switch(staff, unit, switch.id or 0)
        told = unit.exec(
            select(AuditEvent).where(col(AuditEvent.tag).startswith("cable:")).order_by(col(AuditEvent.id))
        ).all()
    old, new = links_of(server)
    assert [(one.port_id, one.service_id, one.nic) for one in (old, new)] == [
        (first.id, service.id, "eno1"), (second.id, service.id, "eno1"),
    ]  # fmt: skip
    assert old.valid_until is not None
    assert new.valid_until is not None
    assert old.valid_until <= new.valid_from
    assert {one.port.if_name for one in listed} == {"ge-0/0/1", "ge-0/0/2"}
    assert {one.service for one in listed} == {service.name}
    assert [(one.tag, one.data["port"]) for one in told] == [
        ("cable:connected", "prg-sw-01 ge-0/0/1"),
        ("cable:moved", "prg-sw-01 ge-0/0/2"),
        ("cable:unplugged", "prg-sw-01 ge-0/0/2"),
    ]


def test_what_cannot_be_plugged_in_changes_nothing(staff: Actor) -> None:
    switch, server, other = make_switch(), make_server(), make_server()
    taken, free = make_port(other, switch=switch), make_port(switch=switch)
    uplink = make_port(switch=switch, is_uplink=True)
    blocked = make_server()
    of_blocked = make_port(blocked, switch=switch)
    make_block(blocked, of_blocked)
    ordered_server = make_server()
    ordered = make_port(ordered_server, switch=switch)
    with unit_of_work() as unit:
        port_orders.request_port(unit, staff, ordered.id or 0, wants_up=False, reason="a loop")
    before = world.everything()
    client = make_actor()
    tries: list[tuple[Actor, type[Refusal], str, tuple[int | None, ...]]] = [
        (staff, PortTaken, "connect", (taken.id, server.id)),
        (staff, PortTaken, "connect", (taken.id, other.id)),
        (staff, CableOfUplink, "connect", (uplink.id, server.id)),
        (staff, CableOfBlockedServer, "connect", (free.id, blocked.id)),
        (staff, CableOfBlockedServer, "move", (of_blocked.id, free.id)),
        (staff, CableOfBlockedServer, "unplug", (of_blocked.id,)),
        (staff, CableUnderOrders, "move", (ordered.id, free.id)),
        (staff, CableUnderOrders, "unplug", (ordered.id,)),
        (staff, PortTaken, "move", (taken.id, taken.id)),
        (staff, CableOfUplink, "move", (taken.id, uplink.id)),
        (staff, PortNotCabled, "unplug", (free.id,)),
        (staff, PortNotCabled, "move", (free.id, taken.id)),
        (staff, NotFound, "connect", (world.MISSING, server.id)),
        (staff, NotFound, "connect", (free.id, world.MISSING)),
        (staff, NotFound, "move", (taken.id, world.MISSING)),
        (client, NotFound, "connect", (free.id, server.id)),
        (client, Forbidden, "move", (taken.id, free.id)),
        (client, Forbidden, "unplug", (taken.id,)),
    ]
    before = world.everything()
    for actor, refusal, what, arguments in tries:
        with pytest.raises(Refusal) as refused, unit_of_work() as unit:
            getattr(cables, what)(unit, actor, *arguments)
        assert refused.type in (refusal, Forbidden), (what, arguments)
        assert refused.type is refusal or actor is client, (what, arguments, refused.type)
    for find, typed, unknown in (
        (cables.find_port, f"{switch.name} nowhere", PortUnknown),
        (cables.find_server, "nobody", ServerUnknown),
    ):
        with pytest.raises(unknown), unit_of_work() as unit:
            find(staff, unit, typed)
    assert world.everything() == before


def test_of_two_people_who_plug_into_one_port_one_is_told_who_was_faster(staff: Actor) -> None:
    port, servers = make_port(), [make_server(), make_server()]
    plugs = (functools.partial(connect, staff, port, one) for one in servers)
    assert at_once(*plugs) == ["done", "port_taken"]
    assert sum(len(links_of(one)) for one in servers) == 1


def test_a_cable_that_a_poll_has_renewed_meanwhile_is_still_pulled(staff: Actor) -> None:
    """A poll ends a link and begins another while the hand that pulls the cable waits for it."""
    service = make_service()
    server = make_server(service)
    port = make_port(server)
    with unit_of_work() as unit:  # as if the server had been in stock when it was plugged in
        unit.exec(select(PortLink)).one().service_id = None
    pulled = threading.Event()

    def pull() -> None:
        with unit_of_work() as unit:
            cables.unplug(unit, staff, port.id or 0)
        pulled.set()

    hand = threading.Thread(target=pull)
    with unit_of_work() as unit:
        assert links.follow_services(unit, at=utcnow()) == 1
        hand.start()
        deadline = utcnow() + dt.timedelta(seconds=60)
        while unit.execute(WAITS_FOR_US).first() is None:
            assert utcnow() < deadline
            pulled.wait(0.01)
    assert pulled.wait(60)
    hand.join(60)
    assert [one.valid_until is None for one in links_of(server)] == [False] * len(links_of(server))


def test_search_finds_switches_and_ports_by_both_names(staff: Actor) -> None:
    switch = make_switch(name="vie-sw-07")
    server = make_server()
    make_port(server, switch=switch, if_name="xe-1/0/3")
    with unit_of_work() as unit:
        for typed in ("xe-1/0/3", "VIE-sw-07 xe-1", "vie xe-1/0/3"):
            hits = [hit for hit in search.find(staff, unit, typed) if hit.kind == "port"]
            assert [(hit.label, hit.detail) for hit in hits] == [("vie-sw-07 xe-1/0/3", server.name)], typed
            assert hits[0].path == f"/pollers?switch={switch.id}"
        assert [hit.kind for hit in search.find(staff, unit, "vie-sw")] == ["switch"]
        assert not [hit for hit in search.find(staff, unit, "prg xe-1") if hit.kind == "port"]


def test_a_site_that_is_renamed_takes_along_what_stands_there(staff: Actor) -> None:
    server = make_server()
    make_prefix(server)
    switch = make_switch(site=server.site)
    with unit_of_work() as unit:
        site = places.add_site(unit, staff, name=server.site)
        rack = places.add_rack(unit, staff, site.id or 0, name="A01")
        places.place_server(unit, staff, server.id or 0, rack_id=rack.id or 0, bottom_u=40, units=2)
    with unit_of_work() as unit:
        places.change_site(unit, staff, site.id or 0, name="Hall 9", address="Street 1")
        places.change_rack(unit, staff, rack.id or 0, name="B02", height_u=41)
    with unit_of_work() as unit:
        assert {unit.get_one(Switch, switch.id).site, unit.exec(select(Prefix)).one().site} == {"Hall 9"}
        row = unit.get_one(Server, server.id)
        assert (row.site, row.rack) == ("Hall 9", "B02 U40")
        assert unit.get_one(Site, site.id).address == "Street 1"
    before = world.everything()
    with pytest.raises(places.OutsideRack), unit_of_work() as unit:
        places.change_rack(unit, staff, rack.id or 0, name="B02", height_u=40)
    with pytest.raises(NotFound), unit_of_work() as unit:
        places.change_site(unit, staff, world.MISSING, name="x")
    assert world.everything() == before
