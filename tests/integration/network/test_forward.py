"""Whether a name leads back to its address, asked of a resolver."""

from __future__ import annotations

import datetime as dt
import functools
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_address

import dns.message
import dns.rrset
import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.integrations import dns as portal_dns
from opsportal.models import ReverseRecord
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.integration.network.knot import Knot
from tests.integration.network.networks import make_address, record, wanted
from workers import dns as worker


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """A resolver that knows these names; what is not in it does not exist, and `slow.` is not answered.

    It has as long as a busy machine needs.
    """
    monkeypatch.setattr(portal_dns, "look_up", functools.partial(portal_dns.look_up, limit_s=60))
    names: dict[str, list[str]] = {}
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            wire, sender = door.recvfrom(4_096)
            if not wire:
                return
            question = dns.message.from_wire(wire)
            (asked,) = question.question
            answer = dns.message.make_response(question)
            name = asked.name.to_text()
            if name.startswith("slow."):
                continue
            found = [one for one in names.get(name, []) if (":" in one) == (asked.rdtype == 28)]
            if name not in names:
                answer.set_rcode(3)
            elif found:
                answer.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", asked.rdtype, found))
            door.sendto(answer.to_wire(), sender)

    thread = threading.Thread(target=serve)
    thread.start()
    monkeypatch.setenv("DNS_RESOLVER", f"127.0.0.1:{door.getsockname()[1]}")
    settings.cache_clear()
    yield names
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", door.getsockname())
    thread.join()
    door.close()


def test_a_name_that_does_not_lead_back_is_told(
    named: Knot, owner: Actor, resolver: dict[str, list[str]]
) -> None:
    resolver |= {
        "right.example.": ["198.51.100.1", "192.0.2.30"],
        "wrong.example.": ["198.51.100.1"],
        "other-family.example.": ["2001:db8::1"],
    }
    address = make_address(owner, "192.0.2.0/24", "192.0.2.30")
    expected = {
        "right.example": "matches",
        "wrong.example": "differs",
        "other-family.example": "missing",
        "nowhere.example": "missing",
    }
    for name, forward in expected.items():
        number = wanted(owner, address, name)
        worker.run()
        found = record(number)
        assert (found.status, found.forward) == ("visible", forward), name
        assert found.forward_due_at is not None
        soon = found.forward_due_at - utcnow() < dt.timedelta(minutes=6)
        assert soon == (forward != "matches"), name
    resolver["nowhere.example."] = ["192.0.2.30"]
    with unit_of_work() as unit:
        unit.get_one(ReverseRecord, number).forward_due_at = utcnow()
    worker.run()
    assert record(number).forward == "matches"
    assert (
        portal_dns.look_up("slow.example", version=4, resolver=settings().dns_resolver, limit_s=0.05) is None
    )
    assert portal_dns.look_up("right.example", version=4, resolver=settings().dns_resolver, limit_s=20) == {
        ip_address("198.51.100.1"),
        ip_address("192.0.2.30"),
    }
