"""People, from the machine itself."""

from __future__ import annotations

import psycopg
import pytest
from sqlmodel import col, select

from opsportal import people
from opsportal.db import LIVE_CHANNEL, unit_of_work
from opsportal.domain.accounts import sessions, sign_in
from opsportal.domain.refusals import WrongCredentials
from opsportal.models import AuditEvent, LoginSession, LoginStage, Person, RecoveryCode
from tests.builders import PASSWORD, make_person, make_session
from tests.doors import world

pytestmark = pytest.mark.usefixtures("portal")
WHERE = {"ip": "192.0.2.1", "user_agent": "test"}


def _tags(person: Person) -> list[str]:
    with unit_of_work() as unit:
        events = unit.exec(select(AuditEvent).where(col(AuditEvent.object_id) == person.id))
        return [event.tag for event in events if event.actor_name.endswith("(console)")]


def _sign_in(email: str, password: str) -> LoginStage:
    with unit_of_work() as unit:
        return sign_in.begin(unit, email=email, password=password, **WHERE).stage


def test_deactivated_person_is_out_at_once(portal: str, capsys: pytest.CaptureFixture[str]) -> None:
    person, other = make_person(), make_person()
    (actor, _), (bystander, _) = make_session(person), make_session(other)
    with psycopg.connect(portal, autocommit=True) as listener:
        listener.execute(f"LISTEN {LIVE_CHANNEL}")
        assert people.main(["deactivate", person.email.upper()]) == 0
        (heard,) = listener.notifies(timeout=60, stop_after=1)
    assert f'"session:{actor.session_id}"' in heard.payload
    assert "Sessions ended: 1" in capsys.readouterr().out
    with unit_of_work() as unit:
        assert unit.get_one(LoginSession, actor.session_id).stage == LoginStage.ENDED
        assert sessions.find_actor(unit, bystander.session_id) is not None
    with pytest.raises(WrongCredentials):
        _sign_in(person.email, PASSWORD)
    assert people.main(["activate", person.email]) == 0
    assert _sign_in(person.email, PASSWORD) is LoginStage.SIGNED_IN
    with unit_of_work() as unit:
        assert sessions.find_actor(unit, actor.session_id) is None  # what was ended stays so
    assert _tags(person) == ["person:deactivated", "person:activated"]


def test_lost_second_factor(capsys: pytest.CaptureFixture[str]) -> None:
    person = make_person(totp=True)
    with unit_of_work() as unit:
        unit.add(RecoveryCode(person_id=person.id, code_hash="x"))
    assert _sign_in(person.email, PASSWORD) is LoginStage.PASSWORD
    assert people.main(["reset-second-factor", person.email]) == 0
    assert _sign_in(person.email, PASSWORD) is LoginStage.SIGNED_IN
    with unit_of_work() as unit:
        assert unit.exec(select(RecoveryCode)).all() == []
    assert _tags(person) == ["person:second_factor_reset"]


def test_first_operator(capsys: pytest.CaptureFixture[str]) -> None:
    add = ["add", "Boss@operator.example", "Bo Boss", "--role", "operator"]
    assert people.main(add) == 0
    password = capsys.readouterr().out.split()[1]
    assert _sign_in("boss@operator.example", password) is LoginStage.SIGNED_IN
    before = world.everything()
    with pytest.raises(SystemExit, match="is taken"):
        people.main(add)
    assert world.everything() == before


@pytest.mark.parametrize("command", ["deactivate", "activate", "reset-second-factor"])
def test_nobody_of_that_name(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    make_person()
    before = world.everything()
    assert people.main([command, "nobody@test.example"]) == 1
    assert capsys.readouterr().err == "Nobody has the e-mail nobody@test.example. Nothing was changed.\n"
    assert world.everything() == before
