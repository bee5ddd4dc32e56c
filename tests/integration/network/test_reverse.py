"""Reverse DNS from the click to what the name server says: wanted, written, visible, gone; and each failure."""

from __future__ import annotations

import datetime as dt
import functools

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.network import reverse, reverse_work
from opsportal.domain.network.refusals import (
    IpOutsideNetwork,
    NameUnusable,
    NoReverseZone,
    ReverseWhileInactive,
    TooManyReverseChanges,
)
from opsportal.domain.refusals import NotFound, Refusal
from opsportal.integrations import dns as portal_dns
from opsportal.models import Address, AuditEvent, Outbox, ReverseRecord, Role, ServiceStatus
from opsportal.models.base import utcnow
from opsportal.settings import settings
from tests.builders import make_actor, make_company, make_service
from tests.crowd import at_once
from tests.integration.network.knot import Knot
from tests.integration.network.networks import (
    assign,
    make_address,
    make_prefix,
    make_server,
    record,
    release,
    set_reverse,
    wanted,
)
from tests.stock import make_available
from workers import dns as worker


def state(record_id: int) -> tuple[str, str | None]:
    found = record(record_id)
    return found.status, found.error_code


def due_now() -> None:
    """Time goes on until the next attempt."""
    with unit_of_work() as unit:
        unit.execute(
            text("UPDATE reverse_record SET next_attempt_at = now() WHERE next_attempt_at IS NOT NULL")
        )


def history(record_id: int) -> list[str]:
    query = (
        "SELECT to_status FROM status_change WHERE machine = 'reverse_record' AND object_id = :id ORDER BY id"
    )
    with unit_of_work() as unit:
        return [row[0] for row in unit.execute(text(query), {"id": record_id})]


def changes_of(record_id: int) -> tuple[str, int]:
    with unit_of_work() as unit:
        count = select(func.count()).where(col(AuditEvent.tag) == "address:reverse_set")
        return record(record_id).name, unit.exec(count).one()


def test_from_the_click_to_what_everybody_is_told(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.20")
    number = wanted(owner, address, "Server.Example.")
    assert (state(number), named.names("192.0.2.20")) == (("wanted", None), [])
    with unit_of_work() as unit:
        assert unit.exec(select(Outbox.ref).where(col(Outbox.task) == reverse.TASK)).all() == [number]
    worker.run()
    assert (state(number), named.names("192.0.2.20")) == (("visible", None), ["server.example."])
    wanted(owner, address, "other.example")
    worker.run()
    assert (state(number), named.names("192.0.2.20")) == (("visible", None), ["other.example."])
    wanted(owner, address, "")
    worker.run()
    assert (state(number), named.names("192.0.2.20")) == (("gone", None), [])
    assert history(number) == [
        "written",
        "visible",
        "wanted",
        "written",
        "visible",
        "wanted",
        "written",
        "gone",
    ]
    assert set_reverse(owner, address, "") is None  # nothing is there to be removed
    again = wanted(owner, address, "new.example")
    worker.run()
    assert (again != number, state(again), named.names("192.0.2.20")) == (
        True,
        ("visible", None),
        ["new.example."],
    )


def test_addresses_of_an_own_64_bit_network_get_records_on_demand(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "2001:db8:40::/48")
    numbers = [wanted(owner, address, f"h{n}.example", ip=f"2001:db8:40::{n}") for n in (1, 2)]
    for outside in ("2001:db8:40:1::1", "192.0.2.1", "fe80::1%eth0"):
        with pytest.raises(IpOutsideNetwork):
            set_reverse(owner, address, "x.example", ip=outside)
    worker.run()
    assert [state(number)[0] for number in numbers] == ["visible", "visible"]
    assert named.names("2001:db8:40::2") == ["h2.example."]


def test_release_removes_every_name_and_the_next_tenant_starts_with_none(named: Knot, owner: Actor) -> None:
    mine = make_address(owner, "192.0.2.0/24", "192.0.2.21")
    number = wanted(owner, mine, "mine.example")
    worker.run()
    assert named.names("192.0.2.21") == ["mine.example."]
    release(mine)
    assert state(number) == ("wanted", None)
    with pytest.raises(NotFound):
        set_reverse(owner, mine, "still-mine.example")
    worker.run()
    assert (state(number), named.names("192.0.2.21")) == (("gone", None), [])


def test_a_server_returned_to_stock_loses_its_names_at_once(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.31")
    number = wanted(owner, address, "mine.example")
    worker.run()
    with unit_of_work() as unit:
        make_available(unit, address.server_id)
    with pytest.raises(NotFound):
        set_reverse(owner, address, "still-mine.example")
    for _ in range(2):
        worker.follow_services()
        worker.run()
    assert (state(number), named.names("192.0.2.31")) == (("gone", None), [])


def test_a_removal_that_fails_is_seen_and_can_be_tried_again(
    named: Knot, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.22")
    number = wanted(owner, address, "mine.example")
    worker.run()
    monkeypatch.setenv("DNS_TSIG_NAME", "stranger")
    settings.cache_clear()
    release(address)
    worker.run()
    assert state(number) == ("failed", "dns_key_refused")
    operator = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        assert [found.id for found, _ in reverse.list_failed(operator, unit)] == [number]
    monkeypatch.setenv("DNS_TSIG_NAME", "opsportal")
    settings.cache_clear()
    with unit_of_work() as unit:
        reverse.retry(unit, operator, number)
    worker.run()
    assert (state(number), named.names("192.0.2.22")) == (("gone", None), [])


def test_a_plain_no_ends_it_and_another_try_is_a_click(
    named: Knot, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = wanted(owner, make_address(owner, "198.51.100.0/24", "198.51.100.9"), "x.example")
    worker.run()
    assert state(number) == ("failed", "dns_key_refused")
    missing = wanted(owner, make_address(owner, "198.18.0.0/24"), "x.example")
    worker.run()
    assert state(missing) == ("failed", "dns_zone_missing")
    monkeypatch.setenv("DNS_TSIG_KEY", "")
    settings.cache_clear()
    unset = wanted(owner, make_address(owner, "192.0.2.0/24", "192.0.2.23"), "x.example")
    worker.run()
    assert state(unset) == ("failed", "dns_misconfigured")


def test_what_may_pass_is_tried_again_and_after_a_day_given_up(named: Knot, owner: Actor) -> None:
    number = wanted(owner, make_address(owner, "203.0.113.0/24", "203.0.113.9"), "x.example")
    worker.run()
    assert state(number) == ("wanted", "dns_server_failed")
    waits = {1: 2, 2: 5, 3: 15, 4: 60}
    while (attempts := record(number).attempts) < 7:
        before = utcnow()
        due_now()
        worker.run()
        found = record(number)
        assert found.attempts > attempts
        assert found.next_attempt_at is not None
        wait = dt.timedelta(seconds=waits.get(found.attempts, 300))
        assert before + wait <= found.next_attempt_at <= utcnow() + wait
    with unit_of_work() as unit:
        unit.get_one(ReverseRecord, number).wanted_at = utcnow() - dt.timedelta(days=1, seconds=1)
    due_now()
    worker.run()
    assert state(number) == ("failed", "dns_server_failed")


def test_one_that_is_silent_holds_up_no_other_work(
    named: Knot, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first record finds it out; the others are not even tried, and wait as long as that one."""
    impatient = named.as_known(udp_s=0.05, tcp_s=0.05)
    monkeypatch.setattr(portal_dns, "configured", lambda _: impatient)
    addresses = [make_address(owner, f"192.0.2.{n * 16}/28") for n in range(1, 5)]
    numbers = [wanted(owner, one, "x.example") for one in addresses]
    with named.frozen():
        worker.run()
    assert [state(number)[1] for number in numbers] == ["dns_silent", None, None, None]
    due = {record(number).next_attempt_at for number in numbers}
    assert len(due) == 1


def test_what_a_slow_worker_learns_of_an_older_wish_is_dropped(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.24")
    number = wanted(owner, address, "first.example")
    with unit_of_work() as unit:
        frozen = reverse_work.claim_due(unit)
    assert frozen is not None
    wanted(owner, address, "second.example")
    worker.run()
    assert state(number) == ("visible", None)
    worker._carry_out(frozen)  # it wakes up and goes on: reads, writes and tells
    after = record(number)
    with unit_of_work() as unit:
        assert not reverse_work.wrote(unit, frozen)
        reverse_work.seen(unit, frozen, frozenset({"first.example"}))
        reverse_work.put_off(unit, frozen, "dns_refused", is_final=True)
    assert record(number) == after


def test_one_frozen_between_reading_and_writing_writes_over_nothing(
    named: Knot, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.25")
    number = wanted(owner, address, "first.example")
    write = portal_dns.write_name

    def late(*args: object, **kwargs: object) -> None:
        monkeypatch.setattr(portal_dns, "write_name", write)
        wanted(owner, address, "second.example")
        worker.run()
        write(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(portal_dns, "write_name", late)
    worker.run()
    assert (state(number), named.names("192.0.2.25")) == (("visible", None), ["second.example."])


def test_a_worker_that_dies_loses_nothing(named: Knot, owner: Actor) -> None:
    """Before and after the update was sent: the lease ends, and the next one does the rest."""
    number = wanted(owner, make_address(owner, "192.0.2.0/24", "192.0.2.26"), "x.example")
    with unit_of_work() as unit:
        claim = reverse_work.claim_due(unit)
    assert claim is not None
    worker.run()
    assert state(number) == ("wanted", None)  # somebody has it, for all we know
    server = named.as_known()
    portal_dns.write_name(
        server, claim.zone or "", claim.ip, name="x.example", ttl=60, instead_of=frozenset()
    )
    due_now()
    worker.run()
    assert (state(number), named.names("192.0.2.26")) == (("visible", None), ["x.example."])


def test_what_is_not_seen_within_ten_minutes_has_failed(named: Knot, owner: Actor) -> None:
    number = wanted(owner, make_address(owner, "192.0.2.0/24", "192.0.2.27"), "x.example")
    with unit_of_work() as unit:
        claim = reverse_work.claim_due(unit)
        assert claim is not None
        reverse_work.wrote(unit, claim)
    with unit_of_work() as unit:
        reverse_work.seen(unit, claim, frozenset())
    assert state(number) == ("written", None)
    with unit_of_work() as unit:
        unit.get_one(ReverseRecord, number).written_at = utcnow() - dt.timedelta(minutes=11)
    due_now()
    worker.run()
    assert state(number) == ("failed", "dns_not_visible")


def test_refusals_change_nothing(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "192.0.2.0/24", "192.0.2.28")
    number = wanted(owner, address, "mine.example")
    elsewhere = make_address(owner, "10.0.0.0/24")
    before = changes_of(number)
    tries: list[tuple[Actor, Address, str, type[Refusal]]] = [
        (make_actor(), address, "theirs.example", NotFound),
        (owner, address, "no name", NameUnusable),
        (owner, elsewhere, "x.example", NoReverseZone),
    ]
    for actor, one, name, refusal in tries:
        with pytest.raises(refusal):
            set_reverse(actor, one, name)
    assert changes_of(number) == before


def test_a_suspended_service_keeps_its_names_and_changes_none(named: Knot) -> None:
    company = make_company()
    server = make_server(make_service(company, status=ServiceStatus.SUSPENDED))
    address = assign(server, make_prefix())
    with pytest.raises(ReverseWhileInactive):
        set_reverse(make_actor(company=company), address, "x.example")
    assert set_reverse(make_actor(role=Role.TECHNICIAN), address, "x.example") is not None


def test_many_changes_at_once_stop_at_the_limit(named: Knot, owner: Actor) -> None:
    address = make_address(owner, "2001:db8:40::/48")
    for n in range(reverse.CHANGES - 3):
        set_reverse(owner, address, f"h{n}.example", ip=f"2001:db8:40::{n + 1:x}")

    def change(n: int) -> None:
        set_reverse(owner, address, f"t{n}.example", ip=f"2001:db8:40::ff{n:x}")

    came = at_once(*(functools.partial(change, n) for n in range(6)))
    assert came == ["done"] * 3 + [TooManyReverseChanges.code] * 3
    with unit_of_work() as unit:
        assert unit.exec(select(func.count(col(ReverseRecord.id)))).one() == reverse.CHANGES
    assert set_reverse(make_actor(role=Role.OPERATOR), address, "s.example", ip="2001:db8:40::1") is not None
