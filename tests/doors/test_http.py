"""Signing in and everything that carries a secret, over plain HTTP."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyotp
import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.integrations.queue_watch import QUEUES
from opsportal.models import AuditEvent, LoginSession, LoginStage, Person, RecoveryCode, Role
from tests.builders import PASSWORD, TOTP_SECRET, make_person
from tests.doors import abuses, world
from tests.doors.server import PATIENCE_S, Browser, Server
from tests.stack.waiting import wait_until

pytestmark = pytest.mark.xdist_group("doors-http")
SIGN_IN = {"email": "a@test.example", "password": "x"}


def code_now(*, step: int = 0) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(int(time.time()) + 30 * step)


def answer_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    "body",
    [
        "", "null", "[]", "{", '"text"', "{}", '{"email":"a@test.example"}', '{"email":1,"password":"x"}',
        '{"email":"a@test.example","password":"x","admin":true}', '{"email":["a@test.example"],"password":"x"}',
        '{"email":"a@test.example\\u0000","password":"x"}', '{"email":"a@test.example","password":"\\ud800"}',
        '{"email":"a@test.example","password":"' + "x" * 257 + '"}', '{"email":"a@test.example","password":""}',
        '{"password":"x","email":"' + "a" * 5_000 + '"}', "[" * 2_000 + "]" * 2_000, '{"email":NaN,"password":"x"}',
        "\x00", "\xff\xfe",
    ],
)  # fmt: skip
def test_body_must_be_exactly_what_is_asked(server: Server, body: str) -> None:
    before = world.everything()
    http = Browser(server).http
    answer = http.post(
        "/auth/sign-in", content=body.encode("latin-1"), headers={"content-type": "application/json"}
    )
    assert answer_of(answer) == (400, "bad_request")
    assert world.everything() == before


def test_connection_ends_with_an_answer_to_a_body_that_was_not_read(server: Server) -> None:
    http = Browser(server).http
    headers = {"content-type": "application/json"}
    for _ in range(20):
        answer = http.post("/auth/sign-in", content=b"x" * 1_000_000, headers=headers)
        assert (answer.status_code, answer.headers["connection"]) == (400, "close")
        read = http.post("/auth/sign-in", content=b"[]", headers=headers)
        assert (read.status_code, read.headers.get("connection")) == (400, None)
        assert "connection" not in http.get("/auth/state").headers


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_form_of_another_site_is_no_json(server: Server, kind: str) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = Browser(server).http.post("/auth/sign-in", content=json.dumps(SIGN_IN), headers=headers)
    assert answer_of(answer) == (400, "bad_request")


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(server: Server) -> None:
    person = make_person()
    answer = Browser(server).sign_in(person.email.upper() + " ", PASSWORD)
    assert answer.json() == {"stage": "signed_in"}
    name, *flags = [part.strip() for part in answer.headers["set-cookie"].split(";")]
    assert name.startswith("portal=")
    assert {flag.lower() for flag in flags} == {"httponly", "samesite=lax", "path=/", "max-age=43200"}


def test_before_the_second_factor_the_cookie_opens_nothing(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    assert browser.sign_in(person.email, PASSWORD).json() == {"stage": "password"}
    assert browser.http.get("/auth/state").json() == {"stage": "password"}
    assert browser.http.get("/account").headers["location"] == "/sign-in?next=%2Faccount"
    assert answer_of(browser.post("/auth/sign-out")) == (401, "sign_in_required")


async def test_before_the_second_factor_the_socket_is_nobodys(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    async with browser.tab() as tab:
        await tab.send(abuses.OPEN_ACCOUNT, path="/account")
        await tab.until(lambda: "_redirect" in tab.events)


def test_cookie_changes_with_the_second_factor_and_a_code_works_once(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    planted, code = browser.cookie, code_now()
    assert browser.post("/auth/second-factor", {"code": code}).json() == {"stage": "signed_in"}
    assert browser.cookie != planted
    assert browser.http.get("/auth/state").json() == {"stage": "signed_in"}
    old = Browser(server)
    old.cookie = planted
    assert old.http.get("/auth/state").json() == {"stage": "none"}
    again = Browser(server)
    again.sign_in(person.email, PASSWORD)
    before = world.everything()
    assert answer_of(again.post("/auth/second-factor", {"code": code})) == (401, "wrong_code")
    after = world.everything()
    changed = {table for table in after if after[table] != before[table]}
    assert changed == {"audit_event"}
    with unit_of_work() as unit:
        tags = unit.exec(select(AuditEvent.tag).where(AuditEvent.object_id == person.id)).all()
    assert tags.count("person:second_factor_refused") == 1
    assert again.http.get("/auth/state").json() == {"stage": "password"}


def test_whole_life_of_a_second_factor(server: Server) -> None:
    person = make_person()
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    secret = browser.post("/auth/two-factor/start").json()["secret"]
    first = pyotp.TOTP(secret).now()
    codes = browser.post("/auth/two-factor/enable", {"code": first}).json()["recovery_codes"]
    assert len(set(codes)) == 10
    other = Browser(server)
    assert other.sign_in(person.email, PASSWORD).json() == {"stage": "password"}
    assert other.post("/auth/second-factor", {"code": codes[0].upper()}).json() == {"stage": "signed_in"}
    third = Browser(server)
    third.sign_in(person.email, PASSWORD)
    assert answer_of(third.post("/auth/second-factor", {"code": codes[0]})) == (401, "wrong_code")
    wrong = {"password": "not it", "code": codes[1]}
    assert answer_of(browser.post("/auth/two-factor/disable", wrong)) == (400, "wrong_password")
    with unit_of_work() as unit:
        left = list(unit.exec(select(RecoveryCode).where(RecoveryCode.person_id == person.id)))
    assert sum(row.used_at is None for row in left) == 9
    right = {"password": PASSWORD, "code": codes[1]}
    assert browser.post("/auth/two-factor/disable", right).status_code == 200
    assert other.http.get("/auth/state").json() == {"stage": "none"}  # its session was ended
    with unit_of_work() as unit:
        kept = unit.get_one(Person, person.id)
        assert (kept.totp_secret, kept.totp_enabled_at) == (None, None)
        assert unit.exec(select(RecoveryCode).where(RecoveryCode.person_id == person.id)).all() == []


def test_nobody_can_finish_a_set_up_that_another_session_began(server: Server) -> None:
    person = make_person()
    mine, theirs = Browser(server), Browser(server)
    for browser in (mine, theirs):
        browser.sign_in(person.email, PASSWORD)
    secret = mine.post("/auth/two-factor/start").json()["secret"]
    body = {"code": pyotp.TOTP(secret).now()}
    assert answer_of(theirs.post("/auth/two-factor/enable", body)) == (400, "second_factor_not_started")


def test_deactivated_between_password_and_second_factor(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    with unit_of_work() as unit:
        unit.get_one(Person, person.id).is_active = False
    assert answer_of(browser.post("/auth/second-factor", {"code": code_now()})) == (401, "sign_in_required")
    with unit_of_work() as unit:
        stages = unit.exec(select(LoginSession.stage).where(LoginSession.person_id == person.id)).all()
    assert stages == [LoginStage.PASSWORD]
    assert answer_of(Browser(server).sign_in(person.email, PASSWORD)) == (401, "wrong_credentials")


def test_cancelling_goes_back_to_the_password(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    planted = browser.cookie
    assert browser.post("/auth/cancel").json() == {"stage": "none"}
    assert browser.cookie == ""
    browser.cookie = planted
    assert answer_of(browser.post("/auth/second-factor", {"code": code_now()})) == (401, "sign_in_required")


def test_guessing_is_slowed_down_for_one_person_and_not_for_others(server: Server) -> None:
    person, other = make_person(), make_person()
    browser = Browser(server, ip="127.0.0.21")
    answers = [browser.sign_in(person.email, "wrong").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    slowed = browser.sign_in(person.email, PASSWORD)
    assert answer_of(slowed) == (429, "too_many_attempts")
    assert 1 <= int(slowed.headers["retry-after"]) <= 60
    assert slowed.json()["params"]["seconds"] == int(slowed.headers["retry-after"])
    assert browser.cookie == ""
    assert browser.sign_in(other.email, PASSWORD).status_code == 200


def test_guessing_codes_is_slowed_down(server: Server) -> None:
    person = make_person(totp=True)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    wrong = [browser.post("/auth/second-factor", {"code": "000000"}).status_code for _ in range(7)]
    assert wrong == [401] * 6 + [429]
    assert browser.post("/auth/second-factor", {"code": code_now()}).status_code == 429


def _refused_sign_ins(person: Person) -> int:
    with unit_of_work() as unit:
        tags = unit.exec(select(AuditEvent.tag).where(AuditEvent.object_id == person.id)).all()
    return tags.count("person:sign_in_refused")


def test_the_time_of_a_refusal_does_not_tell_who_exists(server: Server, portal: str) -> None:
    """Only a person's refused sign-in is written down: that is done when the answer is out."""
    person = make_person()
    with psycopg.connect(portal) as holding:
        holding.execute("LOCK TABLE audit_event IN EXCLUSIVE MODE")
        assert answer_of(Browser(server).sign_in(person.email, "wrong")) == (401, "wrong_credentials")
        assert _refused_sign_ins(person) == 0
        holding.rollback()
    wait_until(lambda: _refused_sign_ins(person) == 1)


@pytest.mark.parametrize(
    "path", ["/sign-in", "/auth/state", "/nothing.here", "/ping", "/account", "/healthz"]
)
def test_every_answer_carries_the_security_headers(server: Server, path: str) -> None:
    headers = Browser(server).http.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-store" if path.startswith("/auth/") else "no-cache")
    assert "strict-transport-security" not in headers  # HTTP here; see tests/unit/test_sign_in_https.py
    assert headers.get("access-control-allow-origin", server.origin) == server.origin


def test_other_origins_are_not_allowed_to_read(server: Server) -> None:
    answer = Browser(server, origin="http://evil.example").http.get("/auth/state")
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/servers/7?tab=jobs", "/sign-in?next=%2Fservers%2F7%3Ftab%3Djobs"),
        ("/", "/sign-in?next=%2F"),
        ("//evil.example/x", "/sign-in"),
        ("/%5Cevil", "/sign-in"),
        ("/%09/evil", "/sign-in"),
        ("/" + "a" * 3_000, "/sign-in"),
    ],
)
def test_without_a_session_every_page_leads_to_sign_in(server: Server, path: str, location: str) -> None:
    with httpx.Client(timeout=PATIENCE_S) as http:
        answer = http.get(httpx.URL(server.origin).copy_with(raw_path=path.encode()))
    assert (answer.status_code, answer.headers["location"]) == (303, location)


def test_signed_in_browsers_do_not_sign_in_again(server: Server) -> None:
    browser, _ = abuses.signed_in(server)
    answer = browser.http.get("/sign-in?next=//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_healthz_names_what_is_not_alive(server: Server) -> None:
    answer = httpx.get(server.origin + "/healthz", timeout=PATIENCE_S)
    failing = answer.json()["failing"]
    assert answer.status_code == 503
    assert set(failing) == {"schedule", *(f"worker:{queue}" for queue in QUEUES)}


def test_metrics_are_for_this_machine_only(server: Server) -> None:
    numbers = httpx.get(server.origin + "/metrics", timeout=PATIENCE_S).text
    assert "opsportal_tabs" in numbers
    assert 'opsportal_bmc_accesses{status="stuck"}' in numbers
    forwarded = {"x-forwarded-for": "127.0.0.1"}
    proxied = httpx.get(server.origin + "/metrics", headers=forwarded, timeout=PATIENCE_S)
    assert proxied.status_code == 404


def test_without_redis_people_still_sign_in_and_guessing_is_still_slowed(portal: str, tmp_path: Path) -> None:
    environment = dict(os.environ) | {"REDIS_URL": f"unix://{tmp_path}/nobody.sock"}
    server = Server(environment=environment, log=tmp_path / "log")
    try:
        server.wait_until_ready()
        assert "redis" in httpx.get(server.origin + "/healthz", timeout=PATIENCE_S).json()["failing"]
        person, other = make_person(), make_person()
        browser = Browser(server)
        assert [browser.sign_in(other.email, "wrong").status_code for _ in range(9)] == [401] * 8 + [429]
        assert browser.sign_in(person.email, PASSWORD).json() == {"stage": "signed_in"}
    finally:
        server.stop()


def test_a_fault_shows_an_id_that_stands_in_the_log(server: Server) -> None:
    """A second factor that was sealed with another key cannot be opened: our fault, told with an id."""
    person = make_person(totp_secret=b"garbage", totp_enabled_at=world.utcnow())
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    answer = browser.post("/auth/second-factor", {"code": "123456"})
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (500, "fault")
    assert body["params"]["error_id"] in server.log()


def test_a_switch_of_a_number_that_no_table_holds_is_not_there(server: Server) -> None:
    person = make_person(Role.TECHNICIAN)
    browser = Browser(server)
    browser.sign_in(person.email, PASSWORD)
    for number in (0, 4_711, 2**63):
        answer = browser.post(f"/switches/{number}/write-access", {"community": "x"})
        assert answer_of(answer) == (404, "not_found")
