"""The first page of a client's invoices: a company with 100,000 of them beside one with 100."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import text

from benchmarks import rows
from benchmarks.portal_database import portal_database
from opsportal.db import engine, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.billing import invoices
from opsportal.domain.billing.invoices import InvoiceFilter
from opsportal.models import Company, Role

MANY, FEW, RUNS = 100_000, 100, 60
FILTERS = {
    "all": InvoiceFilter(),
    "unpaid": InvoiceFilter(status="unpaid"),
    "paid": InvoiceFilter(status="paid"),
}

# Straight into the tables, past the triggers: issuing 100,000 documents one by one is not what is measured.
_FILL = """
    INSERT INTO invoice (company_id, kind, status, number, series_year, series_number, currency, net_minor, tax_minor,
        total_minor, credited_minor, tax_scheme, tax_reason_msgid, note_msgid, issued_on, due_on, issued_at, paid_at,
        void_reason, seller, buyer, locale)
    SELECT :company, 'invoice', CASE WHEN n % 50 = 0 THEN 'issued' ELSE 'paid' END, 'INV-' || :company || '-' || n,
        2000 + :company, n, 'EUR', 8900, 0, 8900, 0, 'prepaid', '', '', date '2026-01-01' + n / 300,
        date '2026-01-15' + n / 300, now(), CASE WHEN n % 50 = 0 THEN NULL ELSE now() END, '',
        '{"name": "Seller", "address": "Street 1"}', '{"name": "Buyer", "street": "Street 2"}', 'en'
    FROM generate_series(1, :count) n
"""


def run() -> list[rows.Row]:
    """Medians in milliseconds, one row per filter, in turns."""
    with portal_database():
        many, few = _company(MANY), _company(FEW)
        with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE invoice"))
        found = []
        for name, wanted in FILTERS.items():
            times: dict[int, list[float]] = {many: [], few: []}
            for number in range(RUNS + 5):
                for company_id, spent in times.items():
                    seconds = _listed(company_id, wanted)
                    spent += [seconds] if number >= 5 else []
            value, peer_value = (statistics.median(spent) * 1000 for spent in times.values())
            found.append(
                rows.less_is_better(
                    "invoice_list_100k" if name == "all" else f"invoice_list_100k_{name}",
                    value,
                    "ms",
                    peer="the same list of a company with 100 invoices",
                    peer_value=peer_value,
                )
            )
    return found


def _company(count: int) -> int:
    with unit_of_work() as unit:
        company = Company(name=f"Company {count}", country="CZ", currency="EUR", locale="en")
        unit.add(company)
        unit.flush()
        assert company.id is not None
        unit.execute(text("SET LOCAL session_replication_role = replica"))
        unit.execute(text(_FILL), {"company": company.id, "count": count})
        return company.id


def _listed(company_id: int, wanted: InvoiceFilter) -> float:
    actor = Actor(1, 1, Role.CLIENT, company_id, "bench")
    begun = time.perf_counter()
    with unit_of_work() as unit:
        page = invoices.list_invoices(actor, unit, wanted)
    seconds = time.perf_counter() - begun
    expected = min(25, (MANY if company_id == 1 else FEW) // (50 if wanted.status == "unpaid" else 1))
    if len(page.rows) != expected:
        raise RuntimeError(f"{len(page.rows)} rows instead of {expected}")
    return seconds
