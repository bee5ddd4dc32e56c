"""Sign-in data over plain HTTP: proof first, one password an answer, nothing of it anywhere else."""

from __future__ import annotations

import json
import time

import pyotp
import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.models import AuditEvent, LoginSession, ServerSignIn
from tests.builders import (
    PASSWORD,
    TOTP_SECRET,
    make_company,
    make_person,
    make_server,
    make_service,
    make_session,
)
from tests.doors import world
from tests.doors.server import Browser, Server

pytestmark = pytest.mark.xdist_group("doors-authorization")
SECRET = "Tr0ub4dor&3 never in a log"


def _answer(browser: Browser, path: str, body: dict[str, object]) -> tuple[int, str]:
    answer = browser.post(path, body)
    return answer.status_code, answer.json().get("code", "")


def test_from_the_refusal_to_the_password(server: Server) -> None:
    company = make_company()
    machine = make_server(make_service(company))
    browser, other = Browser(server), Browser(server)
    _, browser.cookie = make_session(make_person(company=company, totp=True))
    entry = {"server_id": machine.id, "label": "root", "username": "root", "secret": SECRET}
    before = world.everything()
    assert _answer(browser, "/servers/sign-ins/save", entry) == (400, "elevation_required")
    assert world.everything() == before
    code = pyotp.TOTP(TOTP_SECRET).at(time.time())
    wrong = {"password": "wrong", "code": code}
    assert _answer(browser, "/auth/confirm-identity", wrong) == (400, "wrong_password")
    right = {"password": PASSWORD, "code": code}
    assert browser.post("/auth/confirm-identity", right).status_code == 200
    assert _answer(browser, "/auth/confirm-identity", right) == (401, "wrong_code")  # a code works once
    assert browser.post("/servers/sign-ins/save", entry).json() == {}
    with unit_of_work() as unit:
        row = unit.exec(select(ServerSignIn)).one()
        number = row.id
        assert SECRET.encode() not in row.secret
    answer = browser.post("/servers/sign-ins/reveal", {"sign_in_id": number})
    assert answer.json() == {"secret": SECRET}
    _, other.cookie = make_session(make_person(totp=True))
    with unit_of_work() as unit:  # another company's person, raised: not theirs is not there
        for session in unit.exec(select(LoginSession)):
            session.elevated_until = session.expires_at
    for path in ("/servers/sign-ins/reveal", "/servers/sign-ins/remove"):
        assert _answer(other, path, {"sign_in_id": number or 0}) == (404, "not_found")
    with unit_of_work() as unit:
        events = unit.exec(select(AuditEvent).where(AuditEvent.object_kind == "server")).all()
        assert [event.tag for event in events] == ["server:sign_in_saved", "server:sign_in_revealed"]
        assert SECRET not in json.dumps([event.data for event in events])
    assert browser.post("/servers/sign-ins/remove", {"sign_in_id": number}).json() == {}
    assert _answer(browser, "/servers/sign-ins/reveal", {"sign_in_id": number or 0}) == (404, "not_found")
