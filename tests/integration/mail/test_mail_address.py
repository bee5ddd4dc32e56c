"""Where mails go: the sign-in's address or another one."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.accounts.mail_address import set_mail_address
from opsportal.domain.mail.letters import Text, queue_letter
from opsportal.domain.refusals import MailAddressUnusable, WrongPassword
from opsportal.models import AuditEvent, Mail, Person
from tests.builders import PASSWORD, make_actor, make_person

HOSTILE = (
    "nobody",
    "a@b",
    "a b@c.example",
    "a@c.example\nBcc: all@c.example",
    "a@c.example,b@c.example",
    "<a@c.example>",
    "a@c.example\x00",
    "@c.example",
    "a@" + "c" * 250 + ".example",
    "а@c.example",
)


def _change(person: Person, address: str, password: str = PASSWORD) -> None:
    with unit_of_work() as unit:
        set_mail_address(unit, make_actor(person), password=password, address=address)


def _letter_to(person: Person) -> str:
    with unit_of_work() as unit:
        fresh = unit.get_one(Person, person.id)
        return queue_letter(
            unit, to=fresh, kind="test", subject=Text(msgid="Hello,"), body=[], about=("person", 1)
        ).to_address


def test_mails_follow_and_the_sign_in_address_is_told(portal: str) -> None:
    person = make_person(email="petra@acme.example")
    _change(person, "accounts@acme.example")
    assert _letter_to(person) == "accounts@acme.example"
    with unit_of_work() as unit:
        told = unit.exec(select(Mail).where(col(Mail.kind) == "mail_address")).one()
        assert (told.to_address, "accounts@acme.example" in told.subject) == ("petra@acme.example", True)
        tags = unit.exec(select(AuditEvent.tag).where(col(AuditEvent.object_id) == person.id)).all()
        assert tags.count("person:mail_address_changed") == 1


def test_empty_is_the_sign_in_address_again(portal: str) -> None:
    person = make_person(email="petra@acme.example")
    _change(person, "accounts@acme.example")
    _change(person, "")
    with unit_of_work() as unit:
        assert unit.get_one(Person, person.id).mail_to is None
        assert len(unit.exec(select(Mail)).all()) == 2


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_no_address_changes_nothing(portal: str, address: str) -> None:
    person = make_person()
    with pytest.raises(MailAddressUnusable):
        _change(person, address)
    _nothing_changed(person)


def test_a_wrong_password_changes_nothing(portal: str) -> None:
    person = make_person()
    with pytest.raises(WrongPassword):
        _change(person, "accounts@acme.example", "not the password")
    _nothing_changed(person)


def _nothing_changed(person: Person) -> None:
    with unit_of_work() as unit:
        assert unit.get_one(Person, person.id).mail_to is None
        assert unit.exec(select(Mail)).all() == []
        assert "person:mail_address_changed" not in unit.exec(select(AuditEvent.tag)).all()
