"""The demo's tickets: every state, three languages, a past that is in order, and notes that stay inside."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from lab import demo_data
from lab.support_demo import seed_tickets
from lab.support_stories import STORIES, Story
from opsportal.db import unit_of_work
from opsportal.models import Attachment, Mail, Person, Ticket, TicketMessage, TicketNote
from opsportal.models.base import utcnow
from tests.lab.test_demo_data import _fleet

pytestmark = pytest.mark.usefixtures("portal")


def test_the_desk_has_something_of_everything() -> None:
    demo_data.seed(_fleet(24))
    assert seed_tickets() == len(STORIES)
    assert seed_tickets() == 0
    with unit_of_work() as unit:
        tickets = unit.exec(select(Ticket).order_by(col(Ticket.id))).all()
        messages = unit.exec(select(TicketMessage).order_by(col(TicketMessage.id))).all()
        notes = unit.exec(select(TicketNote)).all()
        mails = unit.exec(select(Mail)).all()
        locales = set(unit.exec(select(Person.locale).join(Ticket, col(Ticket.author_id) == col(Person.id))))
        media = set(unit.exec(select(Attachment.media_type)))
    assert {one.status for one in tickets} == {"new", "open", "waiting", "resolved", "reopened"}
    assert locales == {"en", "uk", "es"}
    assert media == {"image/png", "text/plain"}
    assert all(one.service_id is not None for one, story in zip(tickets, _told(), strict=True) if story.order)
    for one in tickets:
        times = [message.created_at for message in messages if message.ticket_id == one.id]
        assert times == sorted(times)
        assert one.last_message_at == times[-1] <= utcnow()
        assert one.created_at <= times[0]
    assert {mail.locale for mail in mails} == {"en", "uk", "es"}
    assert not any(note.body in mail.body_text for note in notes for mail in mails)


def _told() -> list[Story]:
    return sorted(STORIES, key=lambda one: -one.turns[0].hours_ago)
