"""Money for tests: funds, invoices, and what the database itself says about them."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import calendar, invoices, ledger, receipts, taxes
from opsportal.domain.billing.documents import NewLine
from opsportal.domain.billing.ledger import Balances
from opsportal.domain.refusals import Refusal
from opsportal.models import Company, Invoice, JournalEntry

_keys = itertools.count(1)


def fund(company: Company, net_minor: int, *, key: str | None = None) -> JournalEntry:
    """A top-up that a gateway has taken, with its tax."""
    with unit_of_work() as unit:
        tax = taxes.decide_topup_tax(unit, company, calendar.today())
        gross = net_minor + (taxes.tax_of(net_minor, tax.rate_bp) if tax else 0)
        return receipts.receive(
            unit,
            key=key or f"test-{next(_keys)}",
            company_id=company.id or 0,
            gross_minor=gross,
            net_minor=net_minor,
            tax=tax,
            currency=company.currency,
        )


def bill(company: Company, *nets: int, due_in: int = 14) -> Invoice:
    """An issued invoice with a line for each net amount."""
    with unit_of_work() as unit:
        ledger.lock(unit, company.id or 0, company.currency)
        lines = [
            NewLine("{plan}: {name}", net, {"plan": "Plan", "name": f"thing {n}"})
            for n, net in enumerate(nets)
        ]
        due_on = calendar.today() + dt.timedelta(days=due_in)
        return invoices.issue_invoice(
            unit, company=company, lines=lines, due_on=due_on, currency=company.currency
        )


def pay(actor: Actor, invoice: Invoice) -> Invoice:
    with unit_of_work() as unit:
        return invoices.pay_from_balance(
            unit, actor, invoice.id or 0, amount_minor=invoice.total_minor, currency=invoice.currency
        )


def balance(company: Company) -> Balances:
    with unit_of_work() as unit:
        return ledger.balances(unit, company.id or 0, company.currency)


def ask(query: str, **values: object) -> list[Any]:
    """What the database says."""
    with unit_of_work() as unit:
        return [tuple(row) for row in unit.execute(text(query), values)]


def everything() -> list[Any]:
    """All that money consists of, to show that a refusal changed nothing."""
    counted = [
        f"SELECT '{table}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0) FROM {table} t"
        for table in (
            "journal_entry", "posting", "invoice", "invoice_line", "invoice_tax", "number_series", "settlement",
            "service_charge", "service", "balance_flag", "status_change", "audit_event", "outbox", "billing_profile",
        )
    ]  # fmt: skip
    return ask(" UNION ALL ".join(counted))


def unbalanced() -> list[Any]:
    """Every way in which the journal could be wrong; empty when it is right."""
    sums = ask("""
        SELECT 'entry', p.entry_id, a.currency FROM posting p JOIN ledger_account a ON a.id = p.account_id
        GROUP BY 2, 3 HAVING sum(p.amount_minor) <> 0
    """)
    replay = ask("""
        SELECT 'posting', id FROM (
            SELECT id, seq, balance_after_minor,
                sum(amount_minor) OVER (PARTITION BY account_id ORDER BY seq) AS replayed,
                row_number() OVER (PARTITION BY account_id ORDER BY seq) AS place
            FROM posting) p
        WHERE replayed <> balance_after_minor OR place <> seq
    """)
    overdrawn = ask("""
        SELECT 'overdrawn', p.id FROM posting p JOIN ledger_account a ON a.id = p.account_id
        WHERE a.kind IN ('cash', 'credit') AND p.balance_after_minor < 0
    """)
    owed = ask("""
        SELECT 'receivable', company_id FROM (
            SELECT a.company_id, sum(p.amount_minor) AS booked,
                (SELECT coalesce(sum(i.total_minor), 0) FROM invoice i
                 WHERE i.company_id = a.company_id AND i.status = 'issued') AS open
            FROM posting p JOIN ledger_account a ON a.id = p.account_id WHERE a.kind = 'receivable'
            GROUP BY a.company_id) r
        WHERE booked <> -open
    """)
    gaps = ask("""
        SELECT 'number', kind, series_year FROM invoice WHERE number IS NOT NULL
        GROUP BY kind, series_year HAVING max(series_number) <> count(*) OR min(series_number) <> 1
    """)
    return [*sums, *replay, *overdrawn, *owed, *gaps]


def at_once(*works: Callable[[], Any]) -> list[str]:
    """Each work in a thread with a connection of its own, started together: what came of each, sorted.

    "done", a refusal's code, or the name of a fault.
    """
    start = threading.Barrier(len(works))
    ended: list[str] = []

    def run(work: Callable[[], Any]) -> None:
        start.wait()
        try:
            work()
            ended.append("done")
        except Refusal as refusal:
            ended.append(refusal.code)
        except Exception as fault:
            ended.append(type(fault).__name__)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(ended)
