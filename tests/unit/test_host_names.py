"""What may stand in reverse DNS, and how it is written there."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from opsportal.domain.network.names import host_name, readable
from opsportal.domain.network.refusals import NameIsAddress, NameTooLong, NameUnusable
from opsportal.domain.network.zones import zone_of
from opsportal.domain.refusals import Refusal
from opsportal.settings import Settings


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("", ""),
        ("  ", ""),
        ("server.example.com", "server.example.com"),
        (" Server.Example.COM. ", "server.example.com"),
        ("a-1.b2.example", "a-1.b2.example"),
        ("1.example", "1.example"),
        ("сервер.приклад.укр", "xn--b1afb6bcb.xn--80aikifvh.xn--j1amh"),
        ("Straße.example", "xn--strae-oqa.example"),
        ("niño.example", "xn--nio-8ma.example"),
        ("xn--nio-8ma.example", "xn--nio-8ma.example"),
        ("１２.example", "12.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
    ],
)
def test_names_are_full_lower_case_and_ascii(typed: str, name: str) -> None:
    assert host_name(typed) == name


@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("server", NameUnusable),
        ("server..example", NameUnusable),
        (".example.com", NameUnusable),
        ("-a.example", NameUnusable),
        ("a-.example", NameUnusable),
        ("under_score.example", NameUnusable),
        ("*.example.com", NameUnusable),
        ("two words.example", NameUnusable),
        ("a.example\nb.example", NameUnusable),
        ("<b>.example", NameUnusable),
        ("192.0.2.300", NameUnusable),
        ("a.123", NameUnusable),
        ("7.2.0.192.in-addr.arpa", NameUnusable),
        ("xn--zzzzzz99999.example", NameUnusable),
        ("сервер_один.приклад", NameUnusable),
        ("192.0.2.3", NameIsAddress),
        ("2001:db8::1", NameIsAddress),
        ("[2001:db8::1]", NameIsAddress),
        ("a" * 64 + ".example", NameTooLong),
        (".".join(["a" * 60] * 5), NameTooLong),
        ("ї" * 64 + ".example", NameTooLong),
    ],
)
def test_what_is_no_name_is_refused(typed: str, refusal: type[Refusal]) -> None:
    with pytest.raises(Refusal) as refused:
        host_name(typed)
    assert type(refused.value) is refusal


def test_names_are_shown_as_people_write_them() -> None:
    assert readable("xn--nio-8ma.example") == "niño.example"
    assert readable("plain.example") == "plain.example"


def test_the_closest_zone_around_an_address() -> None:
    zones = ("168.192.in-addr.arpa", "2.168.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
    assert zone_of(ip_address("192.168.2.9"), zones) == "2.168.192.in-addr.arpa"
    assert zone_of(ip_address("192.168.12.9"), zones) == "168.192.in-addr.arpa"
    assert zone_of(ip_address("2001:db8::1"), zones) == "8.b.d.0.1.0.0.2.ip6.arpa"
    assert zone_of(ip_address("198.51.100.1"), zones) is None


def test_zones_in_the_settings() -> None:
    given = Settings(dns_zones=" 2.0.192.IN-ADDR.ARPA. ,8.b.d.0.1.0.0.2.ip6.arpa,")  # type: ignore[arg-type]
    assert given.dns_zones == ("2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa")
    with pytest.raises(ValueError, match=r"no reverse zone: example\.com"):
        Settings(dns_zones="example.com")  # type: ignore[arg-type]
