"""Who gets in, and what is kept of those who do not."""

from __future__ import annotations

import pyotp
import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.accounts import passwords, second_factor, sessions, sign_in
from opsportal.domain.refusals import (
    NotFound,
    Refusal,
    SamePassword,
    SignInRequired,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)
from opsportal.models import AuditEvent, LoginSession, LoginStage, Person, RecoveryCode, Role
from opsportal.models.base import utcnow
from tests.builders import PASSWORD, TOTP_SECRET, make_person, make_session
from tests.crowd import at_once

pytestmark = pytest.mark.usefixtures("portal")
WHERE = {"ip": "192.0.2.1", "user_agent": "test"}


def begin(person: Person, password: str = PASSWORD) -> sessions.OpenedSession:
    with unit_of_work() as unit:
        return sign_in.begin(unit, email=person.email, password=password, **WHERE)


def complete(session_id: int, code: str) -> sessions.OpenedSession:
    with unit_of_work() as unit:
        return sign_in.complete(unit, session_id, code=code, **WHERE)


def stages() -> list[str]:
    with unit_of_work() as unit:
        return list(unit.exec(select(LoginSession.stage).order_by(LoginSession.id)))  # type: ignore[arg-type]


def test_password_alone_opens_where_no_second_factor_is_on() -> None:
    person = make_person()
    opened = begin(person)
    assert opened.stage == LoginStage.SIGNED_IN
    with unit_of_work() as unit:
        row = unit.get_one(LoginSession, opened.session_id)
        actor = sessions.find_actor(unit, opened.session_id)
        assert row.token_hash == sessions.hash_cookie(opened.cookie) != opened.cookie
    assert actor is not None
    assert (actor.person_id, actor.role, actor.company_id) == (person.id, Role.CLIENT, person.company_id)


@pytest.mark.parametrize("case", ["unknown e-mail", "wrong password", "deactivated", "no such hash"])
def test_every_wrong_sign_in_looks_the_same_and_costs_a_hash(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make_person(is_active=case != "deactivated")
    if case == "no such hash":
        with unit_of_work() as unit:
            unit.get_one(Person, person.id).password_hash = "not a hash"
    verified = []
    verify = passwords._hasher.verify

    class Counting:
        def verify(self, hashed: str, plain: str) -> bool:
            verified.append(hashed)
            return verify(hashed, plain)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    email = "nobody@test.example" if case == "unknown e-mail" else person.email
    password = "wrong" if case == "wrong password" else PASSWORD
    with pytest.raises(WrongCredentials) as refused, unit_of_work() as unit:
        sign_in.begin(unit, email=email, password=password, **WHERE)
    assert refused.value.params == {}
    assert len(verified) == 1
    assert stages() == []


def test_refused_sign_in_is_kept_for_a_person_and_not_for_nobody() -> None:
    person = make_person()
    for email in (person.email, "nobody@test.example"):
        with unit_of_work() as unit:
            sign_in.note_refused(unit, email=email, ip="192.0.2.9")
    with unit_of_work() as unit:
        (event,) = unit.exec(select(AuditEvent)).all()
    assert (event.tag, event.object_id, event.ip) == ("person:sign_in_refused", person.id, "192.0.2.9")


def test_second_factor_opens_a_new_session_and_ends_the_waiting_one() -> None:
    waiting = begin(make_person(totp=True))
    opened = complete(waiting.session_id, pyotp.TOTP(TOTP_SECRET).now())
    assert stages() == [LoginStage.ENDED, LoginStage.SIGNED_IN]
    assert opened.cookie != waiting.cookie
    with unit_of_work() as unit:
        assert unit.get_one(LoginSession, opened.session_id).used_second_factor
        assert sessions.find_session(unit, waiting.cookie) is None


def test_wrong_code_changes_nothing() -> None:
    waiting = begin(make_person(totp=True))
    with pytest.raises(WrongCode):
        complete(waiting.session_id, "000000")
    assert stages() == [LoginStage.PASSWORD]


def test_password_step_runs_out() -> None:
    waiting = begin(make_person(totp=True))
    with unit_of_work() as unit:
        unit.get_one(LoginSession, waiting.session_id).expires_at = utcnow()
    with pytest.raises(SignInRequired):
        complete(waiting.session_id, pyotp.TOTP(TOTP_SECRET).now())
    assert stages() == [LoginStage.PASSWORD]


def test_of_two_who_use_the_same_code_at_once_one_gets_in() -> None:
    person = make_person(totp=True)
    waiting, code = [begin(person) for _ in range(4)], pyotp.TOTP(TOTP_SECRET).now()
    outcomes = at_once(*(lambda w=w: complete(w.session_id, code) for w in waiting))
    assert outcomes == ["done", "wrong_code", "wrong_code", "wrong_code"]


def test_of_two_who_use_the_same_recovery_code_at_once_one_gets_in() -> None:
    person = make_person(totp=True)
    with unit_of_work() as unit:
        codes = second_factor._replace_recovery_codes(unit, person.id or 0)
    waiting = [begin(person) for _ in range(4)]
    outcomes = at_once(*(lambda w=w: complete(w.session_id, codes[0]) for w in waiting))
    assert outcomes == ["done", "wrong_code", "wrong_code", "wrong_code"]
    with unit_of_work() as unit:
        rows = unit.exec(select(RecoveryCode)).all()
    assert sum(row.used_at is not None for row in rows) == 1
    assert not {row.code_hash for row in rows} & set(codes)


def test_recovery_codes_of_others_do_not_open() -> None:
    person, other = make_person(totp=True), make_person(totp=True)
    with unit_of_work() as unit:
        codes = second_factor._replace_recovery_codes(unit, other.id or 0)
    waiting = begin(person)
    with pytest.raises(WrongCode):
        complete(waiting.session_id, codes[0])


def test_new_password_ends_the_other_sessions_and_keeps_this_one() -> None:
    person = make_person()
    (actor, _), (other, _) = make_session(person), make_session(person)
    stranger, _ = make_session()
    with unit_of_work() as unit:
        passwords.change_password(unit, actor, current=PASSWORD, new="a newer long password")
    with unit_of_work() as unit:
        alive = sessions.find_alive(unit, {actor.session_id, other.session_id, stranger.session_id})
    assert alive == {actor.session_id, stranger.session_id}
    with pytest.raises(WrongCredentials):
        begin(person)
    assert begin(person, "a newer long password").stage == LoginStage.SIGNED_IN


@pytest.mark.parametrize(
    ("current", "new", "refusal"),
    [
        ("wrong", "a newer long password", WrongPassword),
        (PASSWORD, "short", WeakPassword),
        (PASSWORD, "x" * 257, WeakPassword),
        (PASSWORD, PASSWORD, SamePassword),
    ],
)
def test_refused_new_password_changes_nothing(current: str, new: str, refusal: type[Refusal]) -> None:
    person = make_person()
    actor, _ = make_session(person)
    make_session(person)
    with pytest.raises(refusal), unit_of_work() as unit:
        passwords.change_password(unit, actor, current=current, new=new)
    assert stages() == [LoginStage.SIGNED_IN] * 2
    with unit_of_work() as unit:
        assert unit.get_one(Person, person.id).password_hash == person.password_hash


def test_sessions_of_others_are_not_there() -> None:
    actor, _ = make_session()
    other, _ = make_session()
    with pytest.raises(NotFound), unit_of_work() as unit:
        sessions.end_session(unit, actor, other.session_id)
    assert stages() == [LoginStage.SIGNED_IN] * 2


def test_signing_out_others_is_kept_in_the_trail() -> None:
    person = make_person()
    (actor, _), _, _ = make_session(person), make_session(person), make_session(person)
    with unit_of_work() as unit:
        assert sessions.sign_out_others(unit, actor) == 2
    with unit_of_work() as unit:
        event = unit.exec(select(AuditEvent).where(AuditEvent.tag == "person:signed_out_others")).one()
    assert (event.actor_id, event.data) == (actor.person_id, {"sessions_ended": 2})
    assert stages() == [LoginStage.SIGNED_IN, LoginStage.ENDED, LoginStage.ENDED]


def test_actor_ends_with_session_expiry_and_person() -> None:
    person = make_person()
    cases = [make_session(person)[0].session_id for _ in range(3)]
    with unit_of_work() as unit:
        unit.get_one(LoginSession, cases[0]).expires_at = utcnow()
        unit.get_one(LoginSession, cases[1]).stage = LoginStage.ENDED
    with unit_of_work() as unit:
        assert [sessions.find_actor(unit, case) is not None for case in cases] == [False, False, True]
        unit.get_one(Person, person.id).is_active = False
    with unit_of_work() as unit:
        assert sessions.find_actor(unit, cases[2]) is None
        assert sessions.find_alive(unit, cases) == frozenset()


def test_hashes_are_argon2id_as_owasp_lists_it() -> None:
    assert passwords.hash_password("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
