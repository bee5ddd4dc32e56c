"""Who has which address: no overlap, nothing of the prefix's own, a rest before reuse, and history that stays."""

from __future__ import annotations

import datetime as dt
import functools
from ipaddress import ip_network

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain import network
from opsportal.domain.network import addresses, prefixes
from opsportal.domain.network.refusals import (
    AddressAtRest,
    AddressOutsidePrefix,
    AddressReserved,
    AddressTaken,
    AddressUnreadable,
    GatewayUnreadable,
    PrefixFull,
    PrefixOverlaps,
    PrefixTooLong,
    PrefixUnreadable,
    SiteMissing,
    WrongSite,
)
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.models import Address, Prefix, Role, Server, Service
from tests.builders import make_actor, make_company, make_service
from tests.crowd import at_once
from tests.integration.network.networks import assign, make_prefix, make_server, release
from tests.stock import hand_over, make_available

pytestmark = pytest.mark.usefixtures("portal")


def uses() -> list[Address]:
    with unit_of_work() as unit:
        return list(unit.exec(select(Address).order_by(text("id"))))


def networks(found: list[Address]) -> list[str]:
    return [addresses.written(one.network) for one in found]


def test_the_lowest_free_address_and_none_of_the_prefixs_own() -> None:
    prefix = make_prefix("192.0.2.0/29")
    given = [assign(make_server(), prefix) for _ in range(5)]
    assert networks(given) == [f"192.0.2.{n}" for n in range(2, 7)]  # .0 network, .1 gateway, .7 broadcast
    with pytest.raises(PrefixFull) as full:
        assign(make_server(), prefix)
    assert full.value.params == {"prefix": "192.0.2.0/29"}
    assert len(uses()) == 5


def test_a_prefix_of_two_has_neither_network_nor_broadcast() -> None:
    prefix = make_prefix("192.0.2.0/31", gateway="192.0.2.0")
    assert networks([assign(make_server(), prefix)]) == ["192.0.2.1"]


def test_ipv6_is_handed_out_by_64_bits() -> None:
    prefix = make_prefix("2001:db8:40::/48")
    given = [assign(make_server(), prefix) for _ in range(2)]
    assert networks(given) == ["2001:db8:40::/64", "2001:db8:40:1::/64"]
    asked = assign(make_server(), prefix, "2001:db8:40:ff::5")
    assert networks([asked]) == ["2001:db8:40:ff::/64"]
    inside = make_prefix("2001:db8:50::/48", gateway="2001:db8:50::1")
    assert networks([assign(make_server(), inside)]) == ["2001:db8:50:1::/64"]  # the first holds the gateway


def test_what_cannot_be_asked_for() -> None:
    prefix, taken = make_prefix(), make_server(name="holder")
    assign(taken, prefix, "192.0.2.9")
    refusals: dict[str, type[Refusal]] = {
        "192.0.2.0": AddressReserved,
        "192.0.2.1": AddressReserved,
        "192.0.2.255": AddressReserved,
        "192.0.2.9": AddressTaken,
        "198.51.100.4": AddressOutsidePrefix,
        "2001:db8::1": AddressOutsidePrefix,
        "no address": AddressUnreadable,
    }
    for asked, refusal in refusals.items():
        with pytest.raises(refusal):
            assign(make_server(), prefix, asked)
    with pytest.raises(WrongSite):
        assign(make_server(site="Vienna 2"), prefix)
    assert len(uses()) == 1


def test_an_address_rests_after_it_was_given_back_and_its_history_stays() -> None:
    prefix, first, second = make_prefix("192.0.2.0/29", quarantine_hours=48), make_server(), make_server()
    former = assign(first, prefix, "192.0.2.4")
    release(former)
    with pytest.raises(AddressAtRest):
        assign(second, prefix, "192.0.2.4")
    assert networks([assign(make_server(), prefix) for _ in range(4)]) == [
        f"192.0.2.{n}" for n in (2, 3, 5, 6)
    ]
    with pytest.raises(PrefixFull):
        assign(second, prefix)
    (ended,) = [one for one in uses() if one.id == former.id]
    assert ended.released_at is not None
    assert ended.held_until == ended.released_at + dt.timedelta(hours=48)
    assert (ended.server_id, ended.network) == (first.id, ip_network("192.0.2.4/32"))


def test_after_its_rest_it_is_given_again_as_another_use() -> None:
    prefix, first, second = make_prefix(quarantine_hours=0), make_server(), make_server()
    former = assign(first, prefix)
    release(former)
    again = assign(second, prefix)
    assert (again.network, again.id != former.id, again.server_id) == (former.network, True, second.id)


FORBIDDEN = (
    "UPDATE address SET held_until = now()",
    "UPDATE address SET released_at = NULL, held_until = NULL",
    "UPDATE address SET network = '192.0.2.77/32'",
    "UPDATE address SET server_id = server_id + 1",
    "DELETE FROM address",
    "UPDATE prefix SET cidr = '198.51.100.0/24', gateway = '198.51.100.1'",
    "INSERT INTO address (prefix_id, network, server_id, is_main, valid_from)"
    " SELECT prefix_id, network, server_id, false, now() FROM address",
    "INSERT INTO address (prefix_id, network, server_id, is_main, valid_from)"
    " SELECT prefix_id, '192.0.2.255/32', server_id, false, now() FROM address",
    "INSERT INTO address (prefix_id, network, server_id, is_main, valid_from)"
    " SELECT prefix_id, '192.0.2.1/32', server_id, false, now() FROM address",
    "INSERT INTO address (prefix_id, network, server_id, is_main, valid_from)"
    " SELECT prefix_id, '198.51.100.1/32', server_id, false, now() FROM address",
    "INSERT INTO prefix (cidr, gateway, site, quarantine_hours) VALUES ('192.0.2.128/25', '192.0.2.129', 'x', 1)",
    "INSERT INTO prefix (cidr, gateway, site, quarantine_hours) VALUES ('198.51.100.0/24', '192.0.2.1', 'x', 1)",
)


def test_the_database_refuses_whatever_the_code_believes() -> None:
    release(assign(make_server(), make_prefix()))
    for change in FORBIDDEN:
        with pytest.raises(DBAPIError), unit_of_work() as unit:
            unit.execute(text(change))


def test_a_rest_cannot_be_made_shorter_than_the_prefix_wants() -> None:
    address = assign(make_server(), make_prefix())
    with pytest.raises(IntegrityError, match="rests too short"), unit_of_work() as unit:
        unit.execute(
            text("UPDATE address SET released_at = now(), held_until = now() + interval '167 hours'")
        )
    assert uses()[0].released_at is None
    release(address)


def test_a_gateway_cannot_become_somebodys_address() -> None:
    assign(make_server(), make_prefix(), "192.0.2.7")
    with pytest.raises(IntegrityError, match="gateway"), unit_of_work() as unit:
        unit.execute(text("UPDATE prefix SET gateway = '192.0.2.7'"))


def test_many_who_assign_at_once_get_different_addresses() -> None:
    prefix = make_prefix("192.0.2.0/28")
    servers = [make_server() for _ in range(8)]
    at_once(*(functools.partial(assign, server, prefix) for server in servers))
    assert sorted(networks(uses())) == sorted(f"192.0.2.{n}" for n in range(2, 10))


def test_a_mac_address_is_one_in_any_case() -> None:
    make_server(mac="52:54:00:ab:cd:ef")
    with pytest.raises(IntegrityError):
        make_server(mac="52:54:00:AB:CD:EF")


def test_the_main_address_is_shown_in_lists_and_the_next_one_follows() -> None:
    prefix, service = make_prefix(), make_service()
    server = make_server(service, ip=None)
    first, second = assign(server, prefix), assign(server, prefix)
    assign(server, make_prefix("2001:db8:40::/48"))

    def shown() -> tuple[str | None, str | None, str | None]:
        with unit_of_work() as unit:
            server_id = server.id or 0
            return (
                network.main_address(unit, server_id),
                unit.get_one(Server, server_id).ip,
                unit.get_one(Service, service.id).ip,
            )

    assert shown() == ("192.0.2.2",) * 3
    release(first)
    assert shown() == ("192.0.2.3",) * 3
    release(second)
    assert shown() == ("2001:db8:40::1", None, None)


def test_without_addresses_on_record_the_servers_row_says_its_address() -> None:
    server = make_server(ip="203.0.113.9")
    with unit_of_work() as unit:
        assert network.main_address(unit, server.id or 0) == "203.0.113.9"
        assert network.main_interface(unit, server.id or 0) is None


def test_what_is_entered_on_the_server() -> None:
    company = make_company()
    server = make_server(make_service(company))
    assign(server, make_prefix("192.0.2.0/26"))
    assign(server, make_prefix("2001:db8:40::/48"))
    with unit_of_work() as unit:
        found = network.addresses_of(make_actor(company=company), unit, server.id or 0)
    assert [(str(one.ip), one.prefix_length, one.mask, str(one.gateway)) for one in found] == [
        ("192.0.2.2", 26, "255.255.255.192", "192.0.2.1"),
        ("2001:db8:40::1", 64, "", "fe80::1"),
    ]


def test_nobody_sees_or_assigns_what_is_not_theirs() -> None:
    prefix, server = make_prefix(), make_server(make_service())
    address = assign(server, prefix)
    stranger, server_id = make_actor(), server.id or 0
    with pytest.raises(NotFound), unit_of_work() as unit:
        network.addresses_of(stranger, unit, server_id)
    for forbidden in (
        lambda unit: addresses.assign(unit, stranger, server_id, prefix_id=prefix.id or 0),
        lambda unit: addresses.release(unit, stranger, address.id or 0),
        lambda unit: prefixes.list_prefixes(stranger, unit),
        lambda unit: addresses.list_uses(stranger, unit, prefix.id or 0),
        lambda unit: prefixes.add_prefix(unit, stranger, cidr="198.51.100.0/24", gateway="", site="x"),
    ):
        with pytest.raises(Forbidden), unit_of_work() as unit:
            forbidden(unit)
    assert len(uses()) == 1


def test_addresses_do_not_stay_with_a_server_that_goes_to_somebody_else() -> None:
    prefix, service, next_one = make_prefix(), make_service(), make_service()
    leaving, staying, fresh = make_server(service), make_server(make_service()), make_server()
    for one in (leaving, staying, fresh):
        assign(one, prefix)
    with unit_of_work() as unit:
        make_available(unit, leaving.id or 0)
        hand_over(unit, fresh.id or 0, service.id)

    def follow() -> int:
        with unit_of_work() as unit:
            return addresses.follow_services(unit)

    assert (follow(), follow()) == (1, 0)
    left, stayed, came = uses()
    assert (left.released_at, stayed.released_at, came.released_at) == (None, None, None)  # it is wiped by it
    assert came.service_id == service.id
    with unit_of_work() as unit:
        hand_over(unit, leaving.id or 0, next_one.id)
    assert (follow(), follow()) == (1, 0)
    left, stayed, came = uses()
    assert (left.released_at is not None, stayed.released_at, came.released_at) == (True, None, None)


def test_how_much_of_each_prefix_is_used() -> None:
    prefix = make_prefix("192.0.2.0/28")
    given = [assign(make_server(), prefix) for _ in range(3)]
    release(given[0])
    make_prefix("2001:db8:40::/48")
    with unit_of_work() as unit:
        found = prefixes.list_prefixes(make_actor(role=Role.TECHNICIAN), unit)
    assert [(one.free, one.assigned, one.resting, one.total) for one in found] == [
        (10, 2, 1, 13),
        (65_536, 0, 0, 65_536),
    ]
    assert found[0].next_free_at == uses()[0].held_until


NO_PREFIXES: list[tuple[dict[str, str], type[Refusal]]] = [
    ({"cidr": "192.0.2.1/24"}, PrefixUnreadable),
    ({"cidr": "anything"}, PrefixUnreadable),
    ({"cidr": "2001:db8::/80"}, PrefixTooLong),
    ({"cidr": "10.0.0.0/25"}, PrefixOverlaps),
    ({"cidr": "10.0.0.0/8"}, PrefixOverlaps),
    ({"gateway": "198.51.100.1"}, GatewayUnreadable),
    ({"gateway": "192.0.2.255"}, GatewayUnreadable),
    ({"gateway": "2001:db8::1"}, GatewayUnreadable),
    ({"gateway": "router"}, GatewayUnreadable),
    ({"site": "  "}, SiteMissing),
]


def test_prefixes_that_are_none() -> None:
    make_prefix("10.0.0.0/24")
    for wrong, refusal in NO_PREFIXES:
        with pytest.raises(refusal):
            make_prefix(**wrong)
    with unit_of_work() as unit:
        assert len(unit.exec(select(Prefix)).all()) == 1
