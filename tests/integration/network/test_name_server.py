"""Updates and answers against Knot: signed, refused, silent, broken, and by somebody who only pretends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.tsig
import pytest

from opsportal.integrations import dns as portal_dns
from opsportal.integrations.dns import NameServer
from opsportal.settings import Settings
from tests.integration.network.knot import BROKEN, CLOSED, KEY, MISSING, SECRET, V4, V6, Knot

NOTHING: frozenset[str] = frozenset()
NOBODY = 1
"""A port that no test and no outgoing connection ever has."""


def write(server: NameServer, zone: str, ip: str, name: str, *, instead_of: frozenset[str] = NOTHING) -> None:
    portal_dns.write_name(server, zone, ip_address(ip), name=name, ttl=300, instead_of=instead_of)


@pytest.mark.parametrize(("zone", "ip"), [(V4, "192.0.2.10"), (V6, "2001:db8:40::10")])
def test_a_name_is_written_changed_and_removed(knot: Knot, zone: str, ip: str) -> None:
    server, host = knot.as_known(), ip_address(ip)
    assert portal_dns.read_names(server, host) == NOTHING
    write(server, zone, ip, "one.example")
    assert (portal_dns.read_names(server, host), knot.names(ip)) == ({"one.example"}, ["one.example."])
    write(server, zone, ip, "two.example", instead_of=frozenset({"one.example"}))
    assert (portal_dns.read_names(server, host), knot.names(ip)) == ({"two.example"}, ["two.example."])
    write(server, zone, ip, "", instead_of=frozenset({"two.example"}))
    assert (portal_dns.read_names(server, host), knot.names(ip)) == (NOTHING, [])


def test_who_has_read_something_older_writes_over_nothing(knot: Knot) -> None:
    server, ip = knot.as_known(), "192.0.2.11"
    write(server, V4, ip, "newer.example")
    for outdated in (NOTHING, frozenset({"older.example"})):
        with pytest.raises(portal_dns.DnsChanged):
            write(server, V4, ip, "frozen.example", instead_of=outdated)
    assert knot.names(ip) == ["newer.example."]


@pytest.mark.parametrize(
    ("change", "zone", "ip", "error"),
    [
        (
            {"secret": "d3Jvbmcgc2VjcmV0IHdyb25nIHNlY3JldCB3cm9uZyE="},
            V4,
            "192.0.2.12",
            portal_dns.DnsKeyRefused,
        ),
        ({"key": "stranger"}, V4, "192.0.2.12", portal_dns.DnsKeyRefused),
        ({}, CLOSED, "198.51.100.12", portal_dns.DnsKeyRefused),
        ({}, MISSING, "198.18.0.12", portal_dns.DnsZoneMissing),
        ({}, BROKEN, "203.0.113.12", portal_dns.DnsServerFailed),
    ],
    ids=["wrong secret", "unknown key", "key without rights", "no such zone", "broken zone"],
)
def test_each_refusal_says_what_it_is(
    knot: Knot, change: dict[str, str], zone: str, ip: str, error: type[portal_dns.DnsError]
) -> None:
    with pytest.raises(portal_dns.DnsError) as refused:
        write(knot.as_known(**change), zone, ip, "name.example")  # type: ignore[arg-type]
    assert type(refused.value) is error
    assert refused.value.advice.endswith(".")
    assert knot.names(ip) == []


def test_silence_and_nobody(knot: Knot) -> None:
    host = ip_address("192.0.2.13")
    with knot.frozen(), pytest.raises(portal_dns.DnsSilent):
        portal_dns.read_names(knot.as_known(udp_s=0.05, tcp_s=0.05), host)
    nobody = NameServer("127.0.0.1", NOBODY, dns.tsig.Key(KEY, SECRET, "hmac-sha256"), (0.05, 5))
    with pytest.raises(portal_dns.DnsUnreachable):
        portal_dns.read_names(nobody, host)


def test_one_that_is_slow_by_udp_is_asked_by_tcp(knot: Knot) -> None:
    """It is frozen while the datagram's time passes, and wakes up while the connection waits."""
    with knot.frozen():
        found: list[object] = []
        patient = knot.as_known(udp_s=0.05, tcp_s=60)
        asking = threading.Thread(
            target=lambda: found.append(portal_dns.read_names(patient, ip_address("192.0.2.14")))
        )
        asking.start()
        asking.join(0.3)
        assert asking.is_alive()
    asking.join(60)
    assert found == [NOTHING]


@contextmanager
def impostor(answer: Callable[[bytes], bytes]) -> Iterator[NameServer]:
    """Somebody who answers datagrams without knowing the key."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                try:
                    wire, sender = door.recvfrom(4_096)
                except OSError:
                    return
                if not wire:
                    return
                door.sendto(answer(wire), sender)

        threading.Thread(target=serve, daemon=True).start()
        key = dns.tsig.Key(KEY, SECRET, "hmac-sha256")
        yield NameServer("127.0.0.1", door.getsockname()[1], key, (20, 20))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", door.getsockname())


def _unsigned(wire: bytes) -> bytes:
    """Done, it says, for whatever is asked."""
    question = dns.message.from_wire(wire, keyring=False, ignore_trailing=True)
    answer = dns.message.make_response(question)
    answer.flags |= dns.flags.AA
    answer.tsig = None
    return answer.to_wire()


def _signed_with_another_key(wire: bytes) -> bytes:
    question = dns.message.from_wire(wire, keyring=False)
    answer = dns.message.make_response(question)
    answer.use_tsig(dns.tsig.Key(KEY, "d3Jvbmcgc2VjcmV0IHdyb25nIHNlY3JldCB3cm9uZyE=", "hmac-sha256"))
    answer.request_mac = question.mac
    return answer.to_wire()


@pytest.mark.parametrize("answer", [_unsigned, _signed_with_another_key], ids=["unsigned", "wrongly signed"])
def test_a_success_that_our_key_has_not_signed_is_none(answer: Callable[[bytes], bytes]) -> None:
    with impostor(answer) as server, pytest.raises(portal_dns.DnsBadAnswer):
        write(server, V4, "192.0.2.15", "name.example")


@pytest.mark.parametrize(
    ("server", "key"),
    [("", SECRET), ("192.0.2.1", ""), ("no address", SECRET), ("192.0.2.1:53", "no base64!")],
)
def test_unusable_settings_are_said(server: str, key: str) -> None:
    with pytest.raises(portal_dns.DnsMisconfigured):
        portal_dns.configured(Settings(dns_server=server, dns_tsig_key=key))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("[2001:db8::1]:54", ("2001:db8::1", 54)),
    ],
)
def test_where_the_name_server_is(text: str, place: tuple[str, int]) -> None:
    found = portal_dns.configured(Settings(dns_server=text, dns_tsig_key=SECRET))
    assert (found.host, found.port) == place
