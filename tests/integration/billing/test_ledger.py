"""The journal keeps its promises, also against code that goes past the one posting function."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from opsportal.db import unit_of_work
from opsportal.domain.billing import ledger
from opsportal.domain.billing.ledger import Balances, LedgerError, Line
from opsportal.domain.billing.refusals import InsufficientBalance
from opsportal.models import AccountKind, Company, EntryKind, JournalEntry
from tests.builders import make_company
from tests.integration.billing.money import balance, everything, fund, unbalanced

pytestmark = [pytest.mark.usefixtures("books"), pytest.mark.xdist_group("ledger")]
K = AccountKind


def _post(company: Company, key: str, *lines: tuple[AccountKind, int], currency: str = "EUR") -> JournalEntry:
    with unit_of_work() as unit:
        return ledger.post(
            unit, key=key, kind=EntryKind.GRANT, company_id=company.id or 0, actor=None,
            lines=[Line(kind, amount, currency) for kind, amount in lines],
        )  # fmt: skip


def test_balance_is_what_was_booked() -> None:
    company = make_company()
    assert balance(company) == Balances(0, 0)
    _post(company, "a", (K.CREDIT, 500), (K.GRANTS, -500))
    _post(company, "b", (K.CASH, 300), (K.GATEWAY, -290), (K.FEES, -10))
    _post(company, "c", (K.CASH, -100), (K.CREDIT, -500), (K.RECEIVABLE, 600))
    assert balance(company) == Balances(200, 0)
    assert balance(company).total_minor == 200
    assert ("receivable", company.id) in unbalanced()  # nobody has issued an invoice over it


def test_accounts_of_currencies_and_companies_are_apart() -> None:
    one, other = make_company(), make_company()
    _post(one, "eur", (K.CREDIT, 500), (K.GRANTS, -500))
    _post(one, "usd", (K.CREDIT, 7), (K.GRANTS, -7), currency="USD")
    assert balance(one) == Balances(0, 500)
    assert balance(other) == Balances(0, 0)
    with unit_of_work() as unit:
        assert ledger.balances(unit, one.id or 0, "USD") == Balances(0, 7)
    with pytest.raises(InsufficientBalance) as refused:
        _post(one, "x", (K.CREDIT, -8), (K.GRANTS, 8), currency="USD")
    assert refused.value.params == {"missing": 1, "currency": "USD"}


def test_same_key_books_once_and_another_content_is_a_fault() -> None:
    company, other = make_company(), make_company()
    first = _post(company, "k", (K.CREDIT, 500), (K.GRANTS, -500))
    before = everything()
    assert _post(company, "k", (K.GRANTS, -500), (K.CREDIT, 500)).id == first.id
    for lines in (((K.CREDIT, 501), (K.GRANTS, -501)), ((K.CASH, 500), (K.GRANTS, -500))):
        with pytest.raises(LedgerError):
            _post(company, "k", *lines)
    with pytest.raises(LedgerError):
        _post(other, "k", (K.CREDIT, 500), (K.GRANTS, -500))
    assert everything() == before


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ((K.CREDIT, 5),),
        ((K.CREDIT, 0), (K.GRANTS, 0)),
        ((K.CREDIT, 5), (K.GRANTS, -4)),
        ((K.CREDIT, 5), (K.CREDIT, -5)),
        ((K.CREDIT, 5.0), (K.GRANTS, -5.0)),
        ((K.CREDIT, True), (K.GRANTS, -1)),
        ((K.CREDIT, 3 * 10**12), (K.GRANTS, -3 * 10**12)),
    ],
)
def test_what_is_no_movement_is_a_fault(lines: tuple[tuple[AccountKind, int], ...]) -> None:
    company, before = make_company(), everything()
    with pytest.raises(LedgerError):
        _post(company, "bad", *lines)
    assert everything() == before


def test_reversal_takes_back_exactly() -> None:
    company = make_company()
    entry = _post(company, "ra", (K.CREDIT, 500), (K.GRANTS, -500))
    with unit_of_work() as unit:
        back = ledger.reverse(unit, key="rb", entry_id=entry.id or 0, actor=None)
    assert (back.kind, back.reverses_id) == ("reversal", entry.id)
    assert balance(company) == Balances(0, 0)
    with pytest.raises(InsufficientBalance), unit_of_work() as unit:
        ledger.reverse(unit, key="rc", entry_id=entry.id or 0, actor=None)


moves = st.lists(
    st.tuples(st.sampled_from([K.CASH, K.CREDIT, K.RECEIVABLE, K.GATEWAY]), st.integers(-2_000, 2_000)),
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_whatever_is_booked_the_journal_is_right(found: list[tuple[AccountKind, int]]) -> None:
    """Against a model: what is refused changes nothing, the rest adds up."""
    company, expected = make_company(), dict.fromkeys(AccountKind, 0)
    for number, (kind, amount) in enumerate(found):
        if amount == 0:
            continue
        try:
            _post(company, f"{company.id}-{number}", (kind, amount), (K.REVENUE, -amount))
        except InsufficientBalance as refusal:
            missing = refusal.params["missing"]
        else:
            missing = 0
            expected[kind] += amount
            expected[K.REVENUE] -= amount
        is_customers = kind in (K.CASH, K.CREDIT)
        assert missing == (max(0, -(expected[kind] + amount)) if missing and is_customers else 0)
    with unit_of_work() as unit:
        booked = {k: ledger.account_balance(unit, company.id or 0, "EUR", k) for k in AccountKind}
    assert booked == expected
    assert [problem for problem in unbalanced() if problem[0] != "receivable"] == []


_ENTRY = "INSERT INTO journal_entry (key, kind, company_id, actor_name, memo) VALUES ('raw', 'grant', :company, '', '')"
_POSTING = """
    INSERT INTO posting (entry_id, account_id, seq, amount_minor, balance_after_minor)
    SELECT e.id, a.id, {seq}, {amount}, {after} FROM journal_entry e, ledger_account a
    WHERE e.key = '{key}' AND a.kind = '{kind}' AND a.company_id = :company
"""


def _raw(kind: str, amount: int, *, seq: int, after: int, key: str = "raw") -> str:
    return _POSTING.format(kind=kind, amount=amount, seq=seq, after=after, key=key)


def _run(statements: list[str], first: Company, others: Company) -> None:
    with unit_of_work() as unit:
        for number, statement in enumerate(statements):
            statement = statement.replace("'funds'", f"'funds-{first.id}'")
            unit.execute(text(statement), {"company": others.id if number else first.id})


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ([_ENTRY], "fewer than two postings"),
        ([_ENTRY, _raw("cash", 5, seq=2, after=1005)], "fewer than two postings"),
        (
            [_ENTRY, _raw("cash", 5, seq=2, after=1005), _raw("gateway", -4, seq=2, after=-1214)],
            "does not sum to zero",
        ),
        ([_ENTRY, _raw("cash", 5, seq=2, after=1006)], "does not continue"),
        ([_ENTRY, _raw("cash", 5, seq=3, after=1005)], "does not continue"),
        ([_ENTRY, _raw("cash", 5, seq=1, after=1005)], "does not continue"),
        ([_ENTRY, _raw("cash", -1001, seq=2, after=-1)], "overdrawn"),
        ([_ENTRY, _raw("credit", -1, seq=1, after=-1)], "overdrawn"),
        ([_ENTRY, _raw("cash", 0, seq=2, after=1000)], "amount_not_zero"),
        (
            [
                _raw("cash", 5, seq=2, after=1005, key="funds"),
                _raw("gateway", -5, seq=2, after=-1215, key="funds"),
            ],
            "written by an earlier transaction",
        ),
    ],
)
def test_the_database_refuses_what_goes_past_the_posting_function(statements: list[str], reason: str) -> None:
    company = make_company()
    fund(company, 1000, key=f"funds-{company.id}")
    before = everything()
    with pytest.raises(DBAPIError, match=reason):
        _run(statements, company, company)
    assert everything() == before


def test_an_entry_cannot_touch_another_company() -> None:
    one, other = make_company(), make_company()
    fund(one, 1000, key=f"funds-{one.id}")
    fund(other, 1000)
    with pytest.raises(DBAPIError, match="different companies"):
        _run([_ENTRY, _raw("cash", 5, seq=2, after=1005)], one, other)


@pytest.mark.parametrize("table", ["ledger_account", "journal_entry", "posting", "settlement"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_cannot_be_rewritten(table: str, statement: str) -> None:
    fund(make_company(), 1000)
    before = everything()
    column = {"ledger_account": "currency", "settlement": "cash_minor"}.get(table, "id")
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work() as unit:
        unit.execute(text(statement.format(table, column, column)))
    assert everything() == before
