"""Where screens are: only inside BMC_NETWORKS, by those who have proved who they are, and the password stays here."""

from __future__ import annotations

import dataclasses
import json

import pytest

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.accounts.elevation import ElevationRequired
from opsportal.domain.consoles import screens
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.domain.inventory import screen_records
from opsportal.domain.inventory.refusals import AddressUnusable, ScreenPasswordNeeded
from opsportal.domain.inventory.screen_records import ScreenRecord
from opsportal.domain.refusals import Forbidden, NotFound, Refusal
from opsportal.models import Role, Server, ServerScreen
from opsportal.state.inventory.machine import read_machine
from tests.builders import make_company, make_raised, make_server, make_service, make_session
from tests.doors import world

pytestmark = pytest.mark.usefixtures("portal")
NEW = ScreenRecord("127.0.0.77", 5901, "s3cret")


def correct(actor: Actor, server: Server, new: ScreenRecord = NEW) -> list[str]:
    with unit_of_work() as unit:
        return screen_records.correct(unit, actor, server.id or 0, new)


def test_a_screen_is_entered_corrected_and_removed() -> None:
    server, actor = make_server(), make_raised()
    assert correct(actor, server) == ["host", "port", "password"]
    assert correct(actor, server, ScreenRecord("127.0.0.77", 5901)) == []
    with unit_of_work() as unit:
        assert screens.find_screen(unit, server.id or 0) == ScreenEndpoint("127.0.0.77", 5901, "s3cret")
        view = read_machine(unit, actor, server.id or 0)
    assert dataclasses.astuple(view.screen) == ("127.0.0.77", 5901, True)
    assert "s3cret" not in json.dumps(dataclasses.asdict(view)) + repr(NEW) + json.dumps(world.everything())
    assert correct(actor, server, ScreenRecord("127.0.0.77", 5901, asks_password=False)) == ["password"]
    with unit_of_work() as unit:
        screen_records.remove(unit, actor, server.id or 0)
        screen_records.remove(unit, actor, server.id or 0)
    with unit_of_work() as unit:
        assert unit.get(ServerScreen, server.id) is None


def test_what_is_refused_changes_nothing() -> None:
    company = make_company()
    server, actor = make_server(make_service(company)), make_raised()
    bare, _ = make_session(role=Role.OPERATOR)
    with pytest.raises(ScreenPasswordNeeded):
        correct(actor, server, ScreenRecord("127.0.0.77", 5901))
    correct(actor, server)
    tenant = make_raised(Role.CLIENT, company=company)
    tries: list[tuple[Actor, ScreenRecord, type[Refusal]]] = [
        (actor, dataclasses.replace(NEW, host="192.0.2.1"), AddressUnusable),  # our gateway would dial it
        (actor, dataclasses.replace(NEW, host="localhost"), AddressUnusable),
        (actor, dataclasses.replace(NEW, port=0), AddressUnusable),
        (actor, dataclasses.replace(NEW, port=5902, password=""), ScreenPasswordNeeded),
        (bare, NEW, ElevationRequired),
        (tenant, NEW, Forbidden),
    ]
    before = world.everything()
    for who, new, refusal in tries:
        with pytest.raises(refusal):
            correct(who, server, new)
    with pytest.raises(NotFound):
        correct(actor, Server(id=world.MISSING))  # type: ignore[call-arg]
    assert world.everything() == before
