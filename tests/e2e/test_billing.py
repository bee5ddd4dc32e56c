"""Money in the browser: adding funds with VAT by card, paying, the PDF, bad amounts, and two tabs that follow."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.e2e import PEOPLE
from tests.e2e.pages import settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors
from tests.e2e.watching import Watched

pytestmark = PEOPLE

PAYER, COMPANY = "payer@harbour.example", "Harbour Print"
OPERATOR = "anna@northrack.example"
GOOD, DECLINED = "4242424242424242", "4000000000000002"


@pytest.fixture
def payer(portal: Portal) -> str:
    """Somebody who pays, of a company that other tests do not count."""
    if PAYER not in portal.added:
        portal.add_person(PAYER, name="Pavla Payer")
        portal.rows(
            "WITH made AS (INSERT INTO company (name, country, currency, locale, created_at)"
            " VALUES (%s, 'CZ', 'EUR', 'en', now()) RETURNING id)"
            " UPDATE person SET company_id = made.id FROM made WHERE email = %s", COMPANY, PAYER
        )  # fmt: skip
    return PAYER


def cash(portal: Portal) -> int:
    """What the ledger says of the payer's balance."""
    query = """
        SELECT coalesce(sum(amount_minor), 0) FROM posting JOIN ledger_account a ON a.id = account_id
        JOIN company ON company.id = a.company_id WHERE company.name = %s AND a.kind = 'cash'
    """
    return int(portal.rows(query, COMPANY)[0][0])


def euro(minor: int) -> str:
    return f"€{minor / 100:,.2f}"


def add_card(page: Page, number: str) -> None:
    page.get_by_role("button", name="Add a card").click()
    fields = page.locator(".card-fields")
    for name, value in (("number", number), ("exp_month", "12"), ("exp_year", "34"), ("cvc", "123")):
        fields.get_by_placeholder(name).fill(value)
    if fields.get_by_placeholder("postal_code").count():
        fields.get_by_placeholder("postal_code").fill("11000")
    page.get_by_role("button", name="Save this card").click()
    expect(page.locator(".card-option", has_text=number[-4:])).to_be_visible()


def type_amount(page: Page, text: str) -> None:
    page.get_by_label("Net amount to add").fill(text)


def choose(page: Page, number: str) -> None:
    page.locator(".card-option", has_text=number[-4:]).first.get_by_role("radio").check()


def order_a_server(portal: Portal) -> str:
    """A server of the payer's whose period ends so soon that the next renewal run invoices it; its name."""
    portal.rows(
        "INSERT INTO service (company_id, plan_id, name, status, period_start, period_end, price_minor, currency,"
        " term, created_at) SELECT c.id, p.id, 'press-01', 'active', current_date - 20, current_date + 10, 8917,"
        " 'EUR', 'month', now() FROM company c, plan p WHERE c.name = %s AND p.family = 'server' LIMIT 1", COMPANY
    )  # fmt: skip
    return "press-01"


def top_up_200(page: Page, other: Page, portal: Portal) -> None:
    """With VAT on top, by a new card; the balance follows in both tabs without a reload."""
    before = cash(portal)
    add_card(page, GOOD)
    type_amount(page, "200")
    sums = page.locator(".funds .sums")
    expect(sums).to_have_text(
        re.compile(
            rf"Net amount€200\.00VAT 21%Domestic VAT\.€42\.00Charged to the card€242\.00"
            rf"Balance after it{re.escape(euro(before + 20_000))}"
        )
    )
    choose(page, GOOD)
    page.get_by_role("button", name="Top up now: €242.00").click()
    payment = page.locator(".payment").first
    expect(payment).to_contain_text("Received")
    expect(payment.locator(".steps li.done")).to_have_count(3)
    for tab in (page, other):  # without a reload
        expect(tab.locator(".strip .balance b")).to_have_text(euro(before + 20_000))
    assert cash(portal) == before + 20_000
    assert portal.rows(
        "SELECT net_minor, tax_minor, gross_minor FROM payment WHERE status = 'succeeded' ORDER BY id DESC LIMIT 1"
    ) == [(20_000, 4_200, 24_200)]


def read_pdf(page: Page, number: str, total: int) -> None:
    """The invoice as it is downloaded names itself, its total and why it bears no tax."""
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Download PDF")).click()
    assert download.value.suggested_filename == f"{number}.pdf"
    said = " ".join(PdfReader(io.BytesIO(download.value.path().read_bytes())).pages[0].extract_text().split())
    assert f"Invoice {number}" in said
    assert f"Total {euro(total)}" in said
    assert "Tax was charged when the funds were added" in said


def test_top_up_with_vat_is_renewed_pays_and_keeps_the_pdf(
    visitors: Visitors, portal: Portal, payer: str
) -> None:
    page = settled(visitors.signed_in(payer, "/billing/funds"))
    other = page.context.new_page()
    other.goto("/billing/invoices")
    follower = Watched(settled(other))
    before = cash(portal)
    for tab in (page, other):
        expect(tab.locator(".strip .balance b")).to_have_text(euro(before))

    top_up_200(page, other, portal)
    service = order_a_server(portal)
    runs = settled(visitors.signed_in(OPERATOR, "/billing/runs"))
    runs.get_by_role("button", name="Run again").click()
    runs.get_by_role("dialog").get_by_role("button", name="Run again").click()
    row = other.get_by_role("row", name=re.compile(service))  # live, in the client's list of unpaid ones
    expect(row).to_contain_text("Pending")
    ((invoice_id, number, total),) = portal.rows(
        "SELECT i.id, number, total_minor FROM invoice i JOIN service_charge c ON c.invoice_id = i.id"
        " JOIN service s ON s.id = c.service_id WHERE s.name = %s AND i.status = 'issued'", service
    )  # fmt: skip
    # No other run has this total. Which is the newest is not ours to say: around midnight the clock has some of its own.
    past = runs.get_by_role("table", name="Past runs").get_by_role("row")
    expect(past.filter(has_text=euro(total))).to_have_count(1)
    expect(row).to_contain_text(number)
    page.goto("/billing/invoices")
    settled(page).get_by_role("row", name=re.compile(number)).get_by_role("link", name="Pay").click()
    expect(settled(page).get_by_role("heading", level=1)).to_have_text(number)
    read_pdf(page, number, total)
    page.get_by_role("button", name=f"Pay {euro(total)} from the balance").click()
    expect(page.locator(".head-title .tag")).to_have_text("Paid")
    expect(row).to_have_count(0)  # it left the list of unpaid ones in the other tab
    for tab in (page, other):
        expect(tab.locator(".strip .balance b")).to_have_text(euro(before + 20_000 - total))
    assert cash(portal) == before + 20_000 - total
    assert portal.rows("SELECT status FROM invoice WHERE id = %s", invoice_id) == [("paid",)]
    assert not follower.was_reloaded()


BAD = {
    "0": "This is not an amount",
    "-5": "This is not an amount",
    "1e3": "This is not an amount",
    "12.345": "This is not an amount",
    "1 000": "This is not an amount",
    "0.50": "At least €1.00.",
    "9999999": "At most €100,000.00.",
    "99999999999999999999999999": "This is not an amount",
    "<b>7</b>": "This is not an amount",
}


def test_bad_amounts_are_named_at_the_field_and_charge_nothing(
    visitors: Visitors, portal: Portal, payer: str
) -> None:
    page = settled(visitors.signed_in(payer, "/billing/funds"))
    before, payments = cash(portal), portal.rows("SELECT count(*) FROM payment")
    button = page.get_by_role("main").get_by_role("button", name=re.compile("^Top up now"))
    for text, complaint in BAD.items():
        type_amount(page, text)
        expect(page.locator(".funds .field-error")).to_contain_text(complaint)
        expect(page.get_by_label("Net amount to add")).to_have_value(text)
        expect(button).to_be_disabled()
        expect(page.locator(".funds .sums")).to_have_count(0)
    assert cash(portal) == before
    assert portal.rows("SELECT count(*) FROM payment") == payments


def test_a_declined_card_says_why_and_leaves_the_balance(
    visitors: Visitors, portal: Portal, payer: str
) -> None:
    page = settled(visitors.signed_in(payer, "/billing/funds"))
    before = cash(portal)
    page.get_by_role("button", name="Add a card").click()
    fields = page.locator(".card-fields")
    for name, value in (("number", DECLINED), ("exp_month", "12"), ("exp_year", "34"), ("cvc", "123")):
        fields.get_by_placeholder(name).fill(value)
    page.get_by_role("button", name="Save this card").click()
    expect(page.locator(".card-form .refusal")).to_contain_text("Nothing was charged")
    assert cash(portal) == before
    expect(page.locator(".card-option", has_text=DECLINED[-4:])).to_have_count(0)
