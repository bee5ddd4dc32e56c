"""Correcting and removing prefixes: refused while servers depend on them, and then nothing has changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.network import prefixes
from opsportal.domain.network.refusals import (
    GatewayUnreadable,
    NetworkOfManagement,
    PrefixInUse,
    PrefixOverlaps,
    SiteMissing,
)
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.models import Address, AuditEvent, Prefix, Role
from opsportal.settings import settings
from tests.builders import make_actor
from tests.integration.network.networks import assign, make_prefix, make_server, release, set_reverse

pytestmark = pytest.mark.usefixtures("portal")
Change = Callable[[Unit, Actor, int], object]


def change(**wanted: object) -> Change:
    fields = {"gateway": "192.0.2.1", "site": "Prague 1", "quarantine_hours": 168} | wanted
    return lambda unit, actor, number: prefixes.change_prefix(unit, actor, number, **fields)  # type: ignore[arg-type]


def do(work: Change, prefix: Prefix, role: Role = Role.OPERATOR) -> None:
    with unit_of_work() as unit:
        work(unit, make_actor(role=role), prefix.id or 0)


def row(prefix: Prefix) -> dict[str, object]:
    with unit_of_work() as unit:
        return unit.get_one(Prefix, prefix.id).model_dump()


def tags() -> list[str]:
    with unit_of_work() as unit:
        query = select(AuditEvent.tag).where(col(AuditEvent.object_kind) == "prefix")
        return list(unit.exec(query.order_by(col(AuditEvent.id))))


def test_an_unused_prefix_is_corrected() -> None:
    prefix = make_prefix()
    do(change(gateway="192.0.2.254", site="Vienna 2", quarantine_hours=24), prefix, Role.TECHNICIAN)
    seen = row(prefix)
    assert (str(seen["gateway"]), seen["site"], seen["quarantine_hours"]) == ("192.0.2.254", "Vienna 2", 24)
    assert tags() == ["prefix:added", "prefix:changed"]


def test_what_servers_depend_on_stays_while_an_address_is_assigned_and_the_rest_may_change() -> None:
    prefix = make_prefix()
    address = assign(make_server(), prefix)
    before = row(prefix)
    for wanted in ({"gateway": "192.0.2.254"}, {"site": "Vienna 2"}):
        with pytest.raises(PrefixInUse) as refused:
            do(change(**wanted, quarantine_hours=1), prefix)
        assert refused.value.params == {"prefix": "192.0.2.0/24", "count": 1}
    assert row(prefix) == before
    assert tags() == ["prefix:added"]
    do(change(quarantine_hours=0), prefix)
    assert row(prefix) == before | {"quarantine_hours": 0}
    release(address)
    do(change(gateway="192.0.2.254"), prefix)


@pytest.mark.parametrize("name", ["BMC_NETWORKS", "SWITCH_NETWORKS"])
def test_no_server_is_where_management_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a prefix that holds it, nor one inside; and where the setting came later, no address."""
    prefix = make_prefix()
    monkeypatch.setenv(name, "10.20.0.0/16,2001:db8:40::/56,192.0.2.128/25")
    settings.cache_clear()
    for cidr in ("10.20.7.0/24", "10.0.0.0/8", "2001:db8:40:1::/64"):
        with pytest.raises(NetworkOfManagement) as refused:
            make_prefix(cidr)
    assert refused.value.params == {"network": "2001:db8:40::/56"}
    with pytest.raises(NetworkOfManagement):
        assign(make_server(), prefix, "192.0.2.200")
    with unit_of_work() as unit:
        assert [one.id for one in unit.exec(select(Prefix))] == [prefix.id]
        assert unit.exec(select(Address)).all() == []
    assert tags() == ["prefix:added"]
    assert str(assign(make_server(), prefix).network) == "192.0.2.2/32"


def test_what_cannot_be_written_down() -> None:
    prefix = make_prefix()
    before = row(prefix)
    for wanted, refusal in (
        ({"gateway": "198.51.100.1"}, GatewayUnreadable),
        ({"gateway": "192.0.2.255"}, GatewayUnreadable),
        ({"site": " "}, SiteMissing),
    ):
        with pytest.raises(refusal):
            do(change(**wanted), prefix)
    for work in (change(), prefixes.remove_prefix):
        with pytest.raises(Forbidden):
            do(work, prefix, Role.CLIENT)
    assert row(prefix) == before


def test_a_prefix_is_removed_once_nothing_of_it_is_used_and_its_history_stays() -> None:
    prefix = make_prefix(quarantine_hours=0)
    address = assign(make_server(), prefix)
    before = row(prefix)
    with pytest.raises(PrefixInUse):
        do(prefixes.remove_prefix, prefix)
    assert row(prefix) == before
    release(address)
    do(prefixes.remove_prefix, prefix)
    assert tags() == ["prefix:added", "prefix:removed"]
    with unit_of_work() as unit:
        assert prefixes.list_prefixes(make_actor(role=Role.OPERATOR), unit) == []
    for work in (change(), prefixes.remove_prefix):
        with pytest.raises(NotFound):
            do(work, prefix)
    with pytest.raises(NotFound):
        assign(make_server(), prefix)
    assert make_prefix().id != prefix.id  # the network may be entered anew
    with pytest.raises(PrefixOverlaps):
        make_prefix()


def test_a_prefix_stays_while_an_address_rests_or_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resting = make_prefix()
    release(assign(make_server(), resting))
    monkeypatch.setenv("DNS_ZONES", "100.51.198.in-addr.arpa")
    from opsportal.settings import settings

    settings.cache_clear()
    named = make_prefix("198.51.100.0/24", quarantine_hours=0)
    address = assign(make_server(), named)
    assert set_reverse(make_actor(role=Role.OPERATOR), address, "host.example.net") is not None
    release(address)  # no worker has removed the name yet
    for prefix in (resting, named):
        with pytest.raises(PrefixInUse):
            do(prefixes.remove_prefix, prefix)
        assert row(prefix)["removed_at"] is None


def test_the_database_keeps_a_prefix_in_use() -> None:
    release(assign(make_server(), make_prefix()))
    with pytest.raises(DBAPIError), unit_of_work() as unit:
        unit.execute(text("UPDATE prefix SET removed_at = now()"))
