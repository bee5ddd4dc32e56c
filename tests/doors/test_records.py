"""Records with secrets by plain HTTP: after proof of who it is, in strict forms, and no answer holds a secret."""

from __future__ import annotations

import json

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.models import LoginSession, Outbox, Role, ServerScreen, Switch
from tests.builders import PASSWORD, make_person, make_server
from tests.cabling import make_switch
from tests.doors import world
from tests.doors.server import Browser, Server

SWITCH = {"name": "sw-01", "site": "Hall", "host": "127.0.0.1", "port": "1161", "community": "s3cret"}
SCREEN = {"host": "127.0.0.1", "port": "5901", "asks": "password", "password": "s3cret"}


@pytest.fixture
def technician(server: Server) -> Browser:
    browser = Browser(server)
    browser.sign_in(make_person(Role.TECHNICIAN).email, PASSWORD)
    return browser


def raise_all() -> None:
    with unit_of_work() as unit:
        for session in unit.exec(select(LoginSession)):
            session.elevated_until = session.expires_at


def test_each_record_needs_proof_and_then_its_secret_stays_here(technician: Browser) -> None:
    switch, machine = make_switch(), make_server()
    doors = {
        "/switches": SWITCH,
        f"/switches/{switch.id}": {**SWITCH, "name": "sw-02"},
        f"/switches/{switch.id}/write-access": {"community": "s3cret"},
        f"/inventory/machines/{machine.id}/screen": SCREEN,
    }
    before = world.everything()
    for path, body in doors.items():
        answer = technician.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "elevation_required"), path
    assert world.everything() == before
    raise_all()
    said = {path: technician.post(path, body) for path, body in doors.items()}
    assert {answer.status_code for answer in said.values()} == {200}
    assert "s3cret" not in json.dumps([answer.json() for answer in said.values()])
    with unit_of_work() as unit:
        names = [row.name for row in unit.exec(select(Switch).order_by(col(Switch.name)))]
        asked = [row.ref for row in unit.exec(select(Outbox).where(col(Outbox.task) == "switch_check"))]
        assert unit.get(ServerScreen, machine.id) is not None
    assert names == ["sw-01", "sw-02"]
    assert sorted(asked) == sorted([said["/switches"].json()["switch_id"], switch.id or 0])


def test_what_is_no_form_of_ours_changes_nothing(technician: Browser) -> None:
    switch, machine = make_switch(), make_server()
    raise_all()
    tries: list[tuple[str, dict[str, object]]] = [
        ("/switches", {**SWITCH, "port": 161}),
        ("/switches", {**SWITCH, "auth_protocol": "rot13"}),
        ("/switches", {**SWITCH, "community": "with\nbreak"}),
        ("/switches", {**SWITCH, "is_polled": False}),
        (f"/switches/{switch.id}", {"name": "alone"}),
        (f"/inventory/machines/{machine.id}/screen", {**SCREEN, "asks": "nobody"}),
        (f"/inventory/machines/{machine.id}/screen", {**SCREEN, "host": "192.0.2.1"}),
    ]
    before = world.everything()
    for path, body in tries:
        assert technician.post(path, body).status_code == 400, (path, body)
    assert world.everything() == before


def test_forms_find_servers_and_ports_by_their_beginning(technician: Browser) -> None:
    machine = make_server()
    answer = technician.http.get(f"/inventory/find.json?q={machine.name}")
    assert [(hit["kind"], hit["label"]) for hit in answer.json()["hits"]] == [("server", machine.name)]
    assert technician.http.get("/inventory/find.json").json() == {"hits": []}
    assert technician.http.get(f"/inventory/find.json?q={'x' * 101}").status_code == 400
