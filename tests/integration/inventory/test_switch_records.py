"""Switches on record: added and corrected by those who have proved who they are, and never telling a secret."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlmodel import col, select

import switches
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts.elevation import ElevationRequired
from opsportal.domain.hardware import port_orders
from opsportal.domain.inventory import bmc_records, cables, discovery, switch_checks, switch_records
from opsportal.domain.inventory.refusals import AddressUnusable, NameTaken, NameUnusable, RangeUnusable
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.domain.traffic import write_access
from opsportal.domain.traffic.baselines import pack_baseline, unpack_baseline
from opsportal.domain.traffic.counters import Counters
from opsportal.domain.traffic.refusals import (
    CommunityUnusable,
    SnmpUserUnusable,
    SwitchAddressUnusable,
    SwitchInUse,
    SwitchOutOfService,
    SwitchSecretsNeeded,
)
from opsportal.domain.traffic.snmp_access import SnmpAccess
from opsportal.domain.vault import unseal
from opsportal.models import AuditEvent, Outbox, Role, Switch, SwitchCheck, SwitchPoll, SwitchPort
from opsportal.models.base import utcnow
from opsportal.settings import settings
from opsportal.state.traffic.pollers import read_pollers
from opsportal.web import switches as web
from switches.discovery import DiscoveredPort
from tests.builders import make_actor, make_raised, make_server, make_session
from tests.cabling import make_port, make_switch
from tests.doors import world
from workers import switch_checks as asking

pytestmark = pytest.mark.usefixtures("portal")
USER = SnmpAccess("", "portal", "sha256", "auth-s3cret", "aes128", "priv-s3cret")
NEW = SwitchRecord("prg-sw-01", "Prague 1", "127.0.0.7", 161, USER)


def add(actor: Actor, new: SwitchRecord = NEW) -> int:
    with unit_of_work() as unit:
        return switch_records.add(unit, actor, new).id or 0


def correct(actor: Actor, number: int, **changes: object) -> list[str]:
    kept = dataclasses.replace(USER, auth_password="", priv_password="")
    new = dataclasses.replace(NEW, **({"access": kept} | changes))  # type: ignore[arg-type]
    with unit_of_work() as unit:
        return switch_records.correct(unit, actor, number, new)


def test_a_switch_is_added_with_its_secrets_sealed_and_told_to_nobody() -> None:
    actor = make_raised()
    number = add(actor)
    with unit_of_work() as unit:
        row = unit.get_one(Switch, number)
        assert (row.host, row.snmp_version, row.username, row.community) == ("127.0.0.7", "3", "portal", None)
        assert [unseal(one or b"") for one in (row.auth_password, row.priv_password)] == [
            "auth-s3cret", "priv-s3cret",
        ]  # fmt: skip
        assert unit.get_one(SwitchPoll, number).due_at <= utcnow()
        shown = read_pollers(unit, make_actor(role=Role.OPERATOR), number)
        event = unit.exec(select(AuditEvent).where(AuditEvent.tag == "switch:added")).one()
    assert (shown.switch.name, shown.switch.username, shown.switch.is_polled) == ("prg-sw-01", "portal", True)
    assert (event.actor_id, event.object_name) == (actor.person_id, "prg-sw-01")
    told = json.dumps(dataclasses.asdict(shown)) + json.dumps(world.everything()) + event.model_dump_json()
    assert "s3cret" not in told + repr(NEW)


def test_empty_secrets_stay_for_the_same_switch_only() -> None:
    actor = make_raised()
    number = add(actor)
    assert correct(actor, number) == []
    assert correct(actor, number, name="prg-sw-02", site="Prague 2") == ["name", "site"]
    with unit_of_work() as unit:
        before = unit.get_one(Switch, number)
    unsaid: list[dict[str, object]] = [
        {"host": "127.0.0.8"},  # another address may be another switch
        {"port": 1161},
        {"access": dataclasses.replace(USER, username="other", auth_password="", priv_password="")},
        {"access": dataclasses.replace(USER, auth_protocol="sha1", auth_password="")},
        {"access": SnmpAccess()},  # there never was a community
    ]
    for changes in unsaid:
        with pytest.raises(SwitchSecretsNeeded):
            correct(actor, number, **changes)
    with unit_of_work() as unit:
        assert unit.get_one(Switch, number) == before
    assert correct(actor, number, host="127.0.0.8", access=USER) == ["host", "name", "site"]
    changed = correct(actor, number, host="127.0.0.8", access=SnmpAccess("read-s3cret"))
    assert changed == [
        "auth_password", "auth_protocol", "community", "priv_password", "priv_protocol", "snmp_version",
        "username",
    ]  # fmt: skip
    with unit_of_work() as unit:
        row = unit.get_one(Switch, number)
        assert unseal(row.community or b"") == "read-s3cret"
        fields = [one.data["fields"] for one in unit.exec(
            select(AuditEvent).where(AuditEvent.tag == "switch:record_corrected").order_by(col(AuditEvent.id))
        )]  # fmt: skip
    assert fields[-1] == changed


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        (
            {"host": "192.0.2.7"},
            SwitchAddressUnusable,
        ),  # outside SWITCH_NETWORKS: workers would tell it secrets
        ({"host": "switch.example"}, SwitchAddressUnusable),
        ({"port": 0}, SwitchAddressUnusable),
        ({"port": 65_536}, SwitchAddressUnusable),
        ({"name": "  "}, NameUnusable),
        ({"name": "taken"}, NameTaken),
        ({"access": SnmpAccess(" x")}, CommunityUnusable),
        ({"access": dataclasses.replace(USER, auth_password="short")}, SnmpUserUnusable),
        ({"access": dataclasses.replace(USER, priv_protocol="rot13")}, SnmpUserUnusable),
    ],
)
def test_what_is_refused_changes_nothing(changes: dict[str, object], refusal: type[Refusal]) -> None:
    actor = make_raised()
    make_switch(name="taken")
    number = add(actor)
    before = world.everything()
    with pytest.raises(refusal):
        add(actor, dataclasses.replace(NEW, **({"name": "another"} | changes)))  # type: ignore[arg-type]
    with pytest.raises(refusal):
        correct(actor, number, **({"access": USER} | changes))
    assert world.everything() == before


def test_an_address_with_a_scope_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BMC_NETWORKS", "SWITCH_NETWORKS"):
        monkeypatch.setenv(name, "fd00::/8")
    settings.cache_clear()
    actor = make_raised()
    number = add(actor, dataclasses.replace(NEW, host="fd00::1"))
    assert bmc_records.checked_host("fd00::1", 623) == "fd00::1"
    assert [str(one) for one in discovery.addresses_of("fd00::1")] == ["fd00::1"]
    with pytest.raises(SwitchAddressUnusable):
        correct(actor, number, host="fd00::1%7", access=USER)
    with pytest.raises(AddressUnusable):  # and of a screen
        bmc_records.checked_host("fd00::1%7", 623)
    for where in ("fd00::1%7", "fd00::1-fd00::2%7", "fd00::%7/127"):
        with pytest.raises(RangeUnusable):
            discovery.addresses_of(where)


def test_only_staff_who_have_proved_who_they_are() -> None:
    number = add(make_raised())
    bare, _ = make_session(role=Role.OPERATOR)
    before = world.everything()
    for actor, refusal in ((bare, ElevationRequired), (make_raised(Role.CLIENT), Forbidden)):
        before = world.everything()
        with pytest.raises(refusal):
            add(actor, dataclasses.replace(NEW, name="another"))
        with pytest.raises(refusal):
            correct(actor, number, name="another")
        assert world.everything() == before
    with pytest.raises(NotFound):
        correct(make_raised(), world.MISSING)


def test_a_switch_leaves_service_without_cables_only_and_comes_back() -> None:
    actor = make_actor(role=Role.TECHNICIAN)
    switch = make_switch()
    server = make_server()
    port = make_port(server, switch=switch)
    number = switch.id or 0
    before = world.everything()
    with pytest.raises(SwitchInUse) as refused, unit_of_work() as unit:
        switch_records.take_out_of_service(unit, actor, number)
    assert refused.value.params == {"n": 1}
    assert world.everything() == before
    with unit_of_work() as unit:
        cables.unplug(unit, actor, port.id or 0)
        switch_records.take_out_of_service(unit, actor, number)
    with unit_of_work() as unit:
        view = read_pollers(unit, actor, number)
        assert ([row.id for row in view.rows], [row.id for row in view.out_of_service]) == ([], [number])
        with pytest.raises(SwitchOutOfService):
            switch_checks.ask(unit, actor, number)
        with pytest.raises(SwitchOutOfService):
            cables.connect(unit, actor, port.id or 0, server.id or 0)
    with unit_of_work() as unit:
        switch_records.put_back_into_service(unit, actor, number)
    with unit_of_work() as unit:
        assert [row.id for row in read_pollers(unit, actor, number).rows] == [number]
        assert unit.get_one(SwitchPoll, number).due_at <= utcnow()


def test_a_switch_is_asked_once_at_a_time_and_an_answer_that_never_comes_is_told() -> None:
    actor, switch = make_actor(role=Role.TECHNICIAN), make_switch()
    number = switch.id or 0
    for _ in range(2):
        with unit_of_work() as unit:
            switch_checks.ask(unit, actor, number)
    with unit_of_work() as unit:
        asked = unit.exec(select(Outbox).where(col(Outbox.task) == "switch_check")).all()
        assert [one.ref for one in asked] == [number]
        assert switch_checks.check_of(unit, number).status == "asking"
        unit.get_one(SwitchCheck, number).asked_at -= switch_checks.ASKING_LIMIT
    with unit_of_work() as unit:
        assert switch_checks.check_of(unit, number).error_code == "waited_too_long"
        assert switch_checks.wanted(unit, number) is None
        switch_checks.ask(unit, actor, number)
        assert switch_checks.check_of(unit, number).status == "asking"


def _web_correct(actor: Actor, number: int, new: SwitchRecord) -> list[str]:
    """As the form does it: corrected, and asked with that."""
    with unit_of_work() as unit:
        return web._correct(unit, actor, number, new)


@pytest.mark.parametrize("place", [{"host": "127.0.0.8"}, {"port": 1161}], ids=["host", "port"])
def test_another_place_is_never_told_what_may_write_and_counts_anew(place: dict[str, object]) -> None:
    actor = make_raised()
    number = add(actor)
    port = make_port(switch=_row(number))
    with unit_of_work() as unit:
        write_access.set_write_access(unit, actor, number, USER)
        poll = unit.get_one(SwitchPoll, number)
        poll.baseline = pack_baseline({port.id or 0: Counters(1, 1, 10, 10, None)})
        poll.table_changed_cs, poll.discovered_at = 7, utcnow()
    kept = dataclasses.replace(NEW, name="prg-sw-02")
    _web_correct(actor, number, kept)  # the same switch under another name
    with unit_of_work() as unit:
        poll = unit.get_one(SwitchPoll, number)
        assert write_access.kind_of(unit.get_one(Switch, number)) == "user"
        assert list(unpack_baseline(poll.baseline)) == [port.id]
        assert poll.discovered_at is not None
    _web_correct(actor, number, dataclasses.replace(kept, **place))  # type: ignore[arg-type]
    row = _row(number)
    assert {getattr(row, name) for name in Switch.model_fields if name.startswith("write_")} == {None}
    assert not port_orders.may_be_written(row)
    with unit_of_work() as unit:
        poll = unit.get_one(SwitchPoll, number)
        assert (poll.baseline, poll.discovered_at, poll.table_changed_cs) == (b"", None, None)
        told = select(AuditEvent.tag).where(
            AuditEvent.object_id == number, AuditEvent.object_kind == "switch"
        )
        assert list(unit.exec(told.order_by(col(AuditEvent.id))))[-3:] == [
            "switch:record_corrected", "switch:write_access_removed", "switch:asked",
        ]  # fmt: skip


def _row(number: int) -> Switch:
    with unit_of_work() as unit:
        return unit.get_one(Switch, number)


@pytest.mark.parametrize("is_error", [False, True], ids=["an answer", "an error"])
def test_the_answer_of_the_former_record_is_dropped(monkeypatch: pytest.MonkeyPatch, is_error: bool) -> None:
    actor = make_raised()
    number = add(actor)
    asked: list[str] = []

    def answer(agents: dict[int, switches.Agent], *, timeout_s: float) -> dict[int, object]:
        asked.append(agents[number].host)
        if len(asked) == 1:  # corrected while the former one is being asked
            _web_correct(actor, number, dataclasses.replace(NEW, host="127.0.0.8"))
            if is_error:
                return {number: switches.SwitchUnreachable()}
        return {number: switches.Discovery((DiscoveredPort(1, asked[-1], 1_000, 64),), 5, asked[-1])}

    monkeypatch.setattr(switches, "discover_switches", answer)
    with unit_of_work() as unit:
        switch_checks.ask(unit, actor, number)
    asking.run(number)
    with unit_of_work() as unit:
        assert switch_checks.check_of(unit, number).status == "asking"
        assert unit.exec(select(SwitchPort)).all() == []
        assert len(unit.exec(select(Outbox).where(col(Outbox.task) == "switch_check")).all()) == 2
    asking.run(number)
    with unit_of_work() as unit:
        found = switch_checks.check_of(unit, number)
        assert (found.status, found.sys_name) == ("answered", "127.0.0.8")
        assert [one.if_name for one in unit.exec(select(SwitchPort))] == ["127.0.0.8"]
    asking.run(number)  # nobody waits any more
    assert asked == ["127.0.0.7", "127.0.0.8"]


def test_a_correction_out_of_service_ends_the_open_question() -> None:
    actor = make_raised()
    number = add(actor)
    with unit_of_work() as unit:
        switch_checks.ask(unit, actor, number)
        _, asked_at = switch_checks.wanted(unit, number) or pytest.fail("nobody asks")
        switch_records.take_out_of_service(unit, actor, number)
    _web_correct(actor, number, dataclasses.replace(NEW, host="127.0.0.8"))
    with unit_of_work() as unit:
        switch_checks.record(unit, number, asked_at, sys_name="the former one")
        assert switch_checks.check_of(unit, number) == switch_checks.Check()
