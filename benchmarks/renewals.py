"""One renewal run over 10,000 services of 1,000 companies, beside plainly inserting the rows that it writes.

The peer repeats the run's INSERTs, with its transactions (one per company), into tables with the same
columns, indexes and checks but without triggers and foreign keys, and does nothing else: no locks, no
tax, no numbers, no updates of services, no journal of what happened.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import defaultdict
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import insert, text

from benchmarks import rows
from benchmarks.portal_database import portal_database
from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.models import Company, Family, Plan, Service
from opsportal.settings import settings
from workers import billing_runs

COMPANIES, SERVICES_EACH, ROUNDS = 1_000, 10, 3
TABLES = ("invoice", "invoice_line", "invoice_tax", "service_charge", "journal_entry", "posting")


def run() -> list[rows.Row]:
    """Services a second, the best of `ROUNDS` months each."""
    with portal_database(LOG_FORMAT="json"):
        day = calendar.today()
        _rent(day)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            last = _last_ids()
            ours.append(_renewed(day))
            theirs.append(_inserted(last))
            day += dt.timedelta(days=32)
            _let_pass(day)
    services = COMPANIES * SERVICES_EACH
    peer = "psycopg: the same rows, same transactions, INSERT only"
    return [
        rows.more_is_better(
            "renewal_run_10000",
            services / min(ours),
            "services/s",
            peer=peer,
            peer_value=services / min(theirs),
        )
    ]


def _rent(day: dt.date) -> None:
    with unit_of_work() as unit:
        plan = Plan(family=Family.SERVER, name="Bench")
        unit.add(plan)
        unit.flush()
        companies = [
            {"name": f"Company {n}", "country": "CZ", "currency": "EUR", "locale": "en"}
            for n in range(COMPANIES)
        ]
        ids = unit.execute(insert(Company).returning(Company.id), companies).scalars().all()  # type: ignore[call-overload]
        rented = [
            {
                "company_id": company_id, "plan_id": plan.id, "name": f"server-{company_id}-{n}", "status": "active",
                "period_start": day - dt.timedelta(days=28), "period_end": day, "price_minor": 8_900 + n,
                "currency": "EUR", "term": "month",
            }
            for company_id in ids
            for n in range(SERVICES_EACH)
        ]  # fmt: skip
        unit.execute(insert(Service), rented)


def _renewed(day: dt.date) -> float:
    with calendar.as_of(calendar.noon(day)):
        begun = time.perf_counter()
        billing_runs.renew()
        seconds = time.perf_counter() - begun
    with unit_of_work() as unit:
        done = unit.execute(
            text("SELECT companies, documents, errors FROM billing_run ORDER BY id DESC LIMIT 1")
        ).one()
    if tuple(done) != (COMPANIES, COMPANIES, 0):
        raise RuntimeError(f"the run has not invoiced everything: {done}")
    return seconds


def _let_pass(day: dt.date) -> None:
    """The periods that were invoiced have ended: the next run finds every service due again."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE service SET charged_through = :day, period_end = :day"), {"day": day})
        unit.execute(text("UPDATE service_charge SET released_at = now()"))


def _last_ids() -> dict[str, int]:
    with unit_of_work() as unit:
        return {
            table: unit.execute(text(f"SELECT coalesce(max(id), 0) FROM {table}")).scalar_one()
            for table in TABLES
        }


def _inserted(last: dict[str, int]) -> float:
    """Write what the run wrote into tables of the same shape, company by company."""
    url = settings().database_url.get_secret_value()
    with psycopg.connect(url) as connection:
        work = [_copied(connection, table, last[table]) for table in TABLES]
        connection.commit()
        companies = sorted(work[0][1])
        begun = time.perf_counter()
        for company_id in companies:
            with connection.cursor() as cursor:
                for statement, found in work:
                    cursor.executemany(statement, found[company_id])
            connection.commit()
        return time.perf_counter() - begun


_OWNERS = {
    "invoice_line": "invoice JOIN invoice_line t ON t.invoice_id = invoice.id",
    "invoice_tax": "invoice JOIN invoice_tax t ON t.invoice_id = invoice.id",
    "posting": "journal_entry JOIN posting t ON t.entry_id = journal_entry.id",
}


def _copied(connection: Any, table: str, last: int) -> tuple[sql.Composed, dict[int, list[Any]]]:
    """The INSERT into an empty table of the same shape, and the run's rows by company."""
    name = sql.Identifier(f"plain_{table}")
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(name, sql.Identifier(table)))
    source = _OWNERS.get(table, f"{table} t")
    query = f"SELECT company_id, t.* FROM {source} WHERE t.id > {last} ORDER BY t.id"
    found: dict[int, list[Any]] = defaultdict(list)
    cursor = connection.execute(query)
    columns = [column.name for column in cursor.description[1:]]
    for company_id, *values in cursor:
        found[company_id].append([Jsonb(value) if isinstance(value, dict) else value for value in values])
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        name,
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    return statement, found
