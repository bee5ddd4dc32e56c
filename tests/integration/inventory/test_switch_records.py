"""Switches on record: added and corrected by those who have proved who they are, and never telling a secret."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts.elevation import ElevationRequired
from opsportal.domain.inventory import cables, switch_checks, switch_records
from opsportal.domain.inventory.refusals import NameTaken, NameUnusable
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
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
from opsportal.models import AuditEvent, Outbox, Role, Switch, SwitchCheck, SwitchPoll
from opsportal.models.base import utcnow
from opsportal.state.traffic.pollers import read_pollers
from tests.builders import make_actor, make_raised, make_server, make_session
from tests.cabling import make_port, make_switch
from tests.doors import world

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
