"""The lab's name server takes the portal's own updates: signed, refused, kept over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import pytest

from lab.dns.server import NameServer as LabServer
from lab.dns.server import serve
from lab.dns.zones import Zones
from lab.network_demo import DOMAINS, HOSTS, PREFIXES, address_of
from opsportal.domain.network.zones import zone_of
from opsportal.integrations import dns as portal_dns
from opsportal.integrations.dns import NameServer
from stack.installation import DNS_ZONES
from tests.ports import free_port

SECRET, OTHER = "c2VjcmV0IGtleSBmb3IgdGVzdHMsIDMyIGJ5dGVzISE=", "d3Jvbmcgc2VjcmV0IHdyb25nIHNlY3JldCB3cm9uZyE="
ZONE, IP = "2.0.192.in-addr.arpa", ip_address("192.0.2.7")
NOTHING: frozenset[str] = frozenset()


def key(secret: str = SECRET, name: str = "opsportal") -> dns.tsig.Key:
    return dns.tsig.Key(name, secret, "hmac-sha256")


@contextmanager
def listening(zones: Zones) -> Iterator[int]:
    port = free_port()
    doors = serve(LabServer(zones, key()), port)
    try:
        yield port
    finally:
        for door in doors:
            door.shutdown()
            door.server_close()


@pytest.fixture
def zones() -> Zones:
    return Zones([ZONE, "acme.example"], {"web.acme.example": ["192.0.2.7", "2001:db8::7"]})


def test_what_the_portal_does_with_it(zones: Zones) -> None:
    with listening(zones) as port:
        server = NameServer("127.0.0.1", port, key(), (20, 20))
        assert portal_dns.read_names(server, IP) == NOTHING
        portal_dns.write_name(server, ZONE, IP, name="web.acme.example", ttl=60, instead_of=NOTHING)
        assert portal_dns.read_names(server, IP) == {"web.acme.example"}
        with pytest.raises(portal_dns.DnsChanged):
            portal_dns.write_name(server, ZONE, IP, name="late.example", ttl=60, instead_of=NOTHING)
        restarted = Zones([ZONE])
        restarted.restore(zones.pointers())
        assert restarted.pointers() == {"7.2.0.192.in-addr.arpa.": ["web.acme.example."]}
        portal_dns.write_name(server, ZONE, IP, name="", ttl=60, instead_of=frozenset({"web.acme.example"}))
        assert (portal_dns.read_names(server, IP), zones.pointers()) == (NOTHING, {})
        found = portal_dns.look_up("web.acme.example", version=6, resolver=f"127.0.0.1:{port}", limit_s=20)
        assert found == {ip_address("2001:db8::7")}


@pytest.mark.parametrize(
    ("by", "zone", "error"),
    [
        (key(OTHER), ZONE, portal_dns.DnsKeyRefused),
        (key(name="stranger"), ZONE, portal_dns.DnsKeyRefused),
        (key(), "3.0.192.in-addr.arpa", portal_dns.DnsZoneMissing),
    ],
)
def test_who_may_not_and_what_is_not_there(
    zones: Zones, by: dns.tsig.Key, zone: str, error: type[portal_dns.DnsError]
) -> None:
    with listening(zones) as port:
        server = NameServer("127.0.0.1", port, by, (20, 20))
        with pytest.raises(error):
            portal_dns.write_name(server, zone, IP, name="x.example", ttl=60, instead_of=NOTHING)
    assert zones.pointers() == {}


def test_an_unsigned_update_changes_nothing(zones: Zones) -> None:
    update = dns.update.UpdateMessage(f"{ZONE}.")
    update.add("7.2.0.192.in-addr.arpa.", 60, "PTR", "x.example.")
    with listening(zones) as port:
        assert dns.query.tcp(update, "127.0.0.1", port=port, timeout=20).rcode() == dns.rcode.REFUSED
    assert zones.pointers() == {}


def test_the_demos_names_lead_to_its_addresses() -> None:
    assert all(
        zone_of(ip_address(prefix.split("/")[0]), DNS_ZONES) for both in PREFIXES.values() for prefix in both
    )
    assert HOSTS["kyiv-db-01.acme.example"] == [address_of(0)]
    assert {name.partition(".")[2] for name in HOSTS} == set(DOMAINS.values())
