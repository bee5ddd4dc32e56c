"""What may write to a switch: kept sealed, replaced whole, taken away, and never shown to anybody."""

from __future__ import annotations

import dataclasses
import json

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.refusals import Forbidden, NotFound
from opsportal.domain.traffic import snmp_access, write_access
from opsportal.domain.traffic.refusals import CommunityUnusable, SnmpUserUnusable
from opsportal.domain.traffic.snmp_access import SnmpAccess
from opsportal.domain.vault import unseal
from opsportal.models import AuditEvent, Role, Switch
from opsportal.state.traffic.pollers import read_pollers
from switches import agents
from tests.builders import make_actor, make_raised
from tests.cabling import make_switch

pytestmark = pytest.mark.usefixtures("portal")
USER = SnmpAccess("", "portal-rw", "sha256", "auth-s3cret", "aes128", "priv-s3cret")


def keep(switch: Switch, new: SnmpAccess, role: Role = Role.TECHNICIAN) -> None:
    with unit_of_work() as unit:
        write_access.set_write_access(unit, make_raised(role), switch.id or 0, new)


def row(switch: Switch) -> Switch:
    with unit_of_work() as unit:
        return unit.get_one(Switch, switch.id)


def written(switch: Switch) -> dict[str, object]:
    return {name: value for name, value in row(switch).model_dump().items() if name.startswith("write_")}


def test_a_user_replaces_a_community_and_a_community_a_user() -> None:
    switch = make_switch()
    keep(switch, USER)
    kept = row(switch)
    assert (kept.write_community, kept.write_username) == (None, "portal-rw")
    assert (kept.write_auth_protocol, kept.write_priv_protocol) == ("sha256", "aes128")
    assert [unseal(one or b"") for one in (kept.write_auth_password, kept.write_priv_password)] == [
        "auth-s3cret", "priv-s3cret",
    ]  # fmt: skip
    keep(switch, SnmpAccess("write-s3cret"))
    kept = row(switch)
    assert unseal(kept.write_community or b"") == "write-s3cret"
    assert [value for name, value in written(switch).items() if name != "write_community"] == [None] * 5
    assert unseal(kept.community or b"") == "public"  # what reads is another matter


def test_nobody_is_shown_a_secret() -> None:
    switch = make_switch(is_writable=False)
    keep(switch, USER)
    assert "s3cret" not in repr(USER)
    with unit_of_work() as unit:
        shown = read_pollers(unit, make_actor(role=Role.OPERATOR), switch.id or 0)
        said = [event.model_dump_json() for event in unit.exec(select(AuditEvent))]
    assert (shown.write_access, shown.write_user, shown.write_protocols) == (
        "user", "portal-rw", "sha256 / aes128",
    )  # fmt: skip
    assert "s3cret" not in json.dumps(dataclasses.asdict(shown)) + "".join(said)


def test_what_is_refused_changes_nothing() -> None:
    switch = make_switch()
    before = written(switch)
    for community in ("", " secret", "x" * 65):
        with pytest.raises(CommunityUnusable):
            keep(switch, SnmpAccess(community))
    for wrong in (
        {"username": " portal"},
        {"username": "x" * 33},
        {"auth_protocol": ""},
        {"auth_password": "short"},
        {"priv_password": "short"},
        {"priv_protocol": "rot13"},
    ):
        with pytest.raises(SnmpUserUnusable):
            keep(switch, dataclasses.replace(USER, **wrong))
    with pytest.raises(Forbidden):
        keep(switch, USER, Role.CLIENT)
    with pytest.raises(NotFound), unit_of_work() as unit:
        write_access.set_write_access(unit, make_raised(Role.OPERATOR), 987_654_321, USER)
    assert written(switch) == before


def test_taken_away_it_is_gone_and_said_once() -> None:
    switch = make_switch()
    for _ in range(2):
        with unit_of_work() as unit:
            write_access.take_write_access_away(unit, make_actor(role=Role.OPERATOR), switch.id or 0)
    assert set(written(switch).values()) == {None}
    with unit_of_work() as unit:
        query = select(AuditEvent.tag).where(col(AuditEvent.object_kind) == "switch")
        assert unit.exec(query).all() == ["switch:write_access_removed"]


def test_protocols_are_those_that_the_library_speaks() -> None:
    assert set(snmp_access.AUTH_PROTOCOLS) == set(agents.AUTH)
    assert set(snmp_access.PRIV_PROTOCOLS) == set(agents.PRIV)
    assert snmp_access.SHORTEST_PASSWORD == agents.SHORTEST_PASSWORD
