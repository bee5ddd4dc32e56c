"""The ticket list of a company with 100,000 tickets beside that of one with 100, in the same database.

What a page needs: one page of a tab with its total, and the counters of all tabs, authorised, in a
unit of work of its own. Both companies take turns.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from sqlalchemy import text

from benchmarks import rows
from benchmarks.portal_database import portal_database
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.support import lists
from opsportal.domain.support.lists import Tab, TicketFilter
from tests.builders import make_actor, make_company, make_service

MANY, FEW = 100_000, 100
TIMES = 200
UNREAD = 20

_TICKETS = """
INSERT INTO ticket (company_id, author_id, department, subject, importance, service_id, status, last_side,
                    last_author_name, message_count, created_at, last_message_at, waiting_since, resolved_at)
SELECT :company, :author, 'technical', 'Question ' || n, 'normal', CASE WHEN n % 2 = 0 THEN :service END,
       CASE WHEN n % 2 = 0 THEN 'open' ELSE 'resolved' END, 'client', 'Somebody', 1,
       now() - n * interval '5 min', now() - n * interval '5 min',
       CASE WHEN n % 2 = 0 THEN now() - n * interval '5 min' END, CASE WHEN n % 2 = 1 THEN now() END
FROM generate_series(1, :count) AS n
"""
_MESSAGES = """
INSERT INTO ticket_message (ticket_id, side, author_id, author_name, body)
SELECT id, 'client', author_id, 'Somebody', 'It does not answer.' FROM ticket WHERE company_id = :company
"""
_UNREAD = """
INSERT INTO ticket_unread (person_id, ticket_id, message_id)
SELECT :author, ticket_id, id FROM ticket_message WHERE author_id = :author ORDER BY id LIMIT :unread
"""
# One transaction that made 100,000 tickets would change the company's tally as often and drag every old
# version of that row along; so the triggers are off, and the tally is what they would have made it.
_TALLY = "INSERT INTO ticket_tally VALUES (:company, :count / 2, :count - :count / 2)"


def run() -> list[rows.Row]:
    """Medians of 200 visits of each company, in milliseconds."""
    with portal_database():
        many, few = _client_with(MANY), _client_with(FEW)
        with unit_of_work() as unit:
            unit.execute(text("ANALYZE"))
        return [_row(f"ticket_list_100k_{tab}", many, few, TicketFilter(tab=tab)) for tab in Tab]


def _client_with(count: int) -> Actor:
    company = make_company()
    client = make_actor(company=company)
    values = {
        "company": company.id,
        "author": client.person_id,
        "service": make_service(company).id,
        "count": count,
        "unread": UNREAD,
    }
    with unit_of_work() as unit:
        unit.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in (_TICKETS, _MESSAGES, _UNREAD, _TALLY):
            unit.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
    return client


def _row(name: str, many: Actor, few: Actor, wanted: TicketFilter) -> rows.Row:
    times: dict[int, list[float]] = {MANY: [], FEW: []}
    for number in range(TIMES + 5):
        for count, client in ((MANY, many), (FEW, few)):
            took = _timed(lambda client=client: _visit(client, wanted))
            times[count] += [took] if number >= 5 else []  # the first few only warm up
    large, small = (statistics.median(times[count]) * 1e3 for count in (MANY, FEW))
    return rows.less_is_better(name, large, "ms", peer="a company with 100 tickets", peer_value=small)


def _visit(client: Actor, wanted: TicketFilter) -> None:
    with unit_of_work() as unit:
        found, _ = lists.list_tickets(client, unit, wanted)
        lists.count_tickets(client, unit)
    if len(found) not in (lists.PAGE, UNREAD):
        raise AssertionError(f"{len(found)} tickets on the page")


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
