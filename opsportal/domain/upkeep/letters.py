"""What the desk is told of an outage: subject and paragraphs, when it has begun and when it is over."""

from __future__ import annotations

from opsportal.domain.mail.letters import Text
from opsportal.domain.upkeep.troubles import Kind, Trouble, kind_of, queue_of
from opsportal.models import Outage

Words = tuple[Text, list[Text]]


def began(row: Outage, trouble: Trouble) -> Words:
    """What is out of order, what that means, and what to do."""
    match kind_of(row.part):
        case Kind.QUEUE:
            return _unattended(row, trouble)
        case Kind.LOST:
            return _lost(row, trouble)
        case Kind.REDIS:
            return _redis(row)
    return _dispatcher(row)


def _unattended(row: Outage, trouble: Trouble) -> Words:
    return Text(msgid="Nobody works on the queue {queue}", params={"queue": queue_of(row.part)}), [
        Text(
            msgid="No worker listens to it since {since}. Calls that wait there: {n}. None of them is lost.",
            params={"since": row.since, "n": trouble.waiting},
        ),
        Text(msgid="Start a worker, or look at why the last one has ended."),
    ]


def _lost(row: Outage, trouble: Trouble) -> Words:
    return Text(
        msgid="A worker of the queue {queue} has gone silent", params={"queue": queue_of(row.part)}
    ), [
        Text(
            msgid="Not heard any more: {workers}. What it was at is taken over by other workers.",
            params={"workers": ", ".join(trouble.workers)},
        ),
        Text(msgid="Look at whether it hangs, and end it if it does."),
    ]


def _redis(row: Outage) -> Words:
    return Text(msgid="Redis does not answer"), [
        Text(msgid="Since {since} no work reaches a worker.", params={"since": row.since}),
        Text(msgid="It is kept in the database and begins by itself when Redis is back."),
    ]


def _dispatcher(row: Outage) -> Words:
    return Text(msgid="Work is not handed to the queues"), [
        Text(
            msgid="Since {since} the dispatcher has not handed over what waits in the database.",
            params={"since": row.since},
        ),
        Text(msgid="Start it, or look at why it has ended."),
    ]


def over(row: Outage) -> Words:
    """That it is over, and how long it lasted."""
    queue = queue_of(row.part)
    lasted = Text(
        msgid="It lasted from {since} to {over}.",
        params={"since": row.since, "over": row.over_at or row.since},
    )
    match kind_of(row.part):
        case Kind.QUEUE:
            subject = Text(msgid="The queue {queue} is worked on again", params={"queue": queue})
        case Kind.LOST:
            subject = Text(msgid="No worker of the queue {queue} is silent any more", params={"queue": queue})
        case Kind.REDIS:
            subject = Text(msgid="Redis answers again")
        case _:
            subject = Text(msgid="Work is handed to the queues again")
    return subject, [lasted]
