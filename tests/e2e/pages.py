"""Every page of the portal: its address, who opens it, and how to know that it is complete."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.e2e.portal import Portal

CLIENT = "petr@acme.example"
OPERATOR = "anna@northrack.example"
TECHNICIAN = "marek@northrack.example"
WIDE_FOR_MS = 60_000
"""How long a page may be wider than the screen while it is laid out, on a slow machine."""
STICKING_OUT = """
() => [...document.querySelectorAll('body *')]
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && getComputedStyle(one).position !== 'absolute')
  .slice(0, 5).map((one) => one.tagName + '.' + one.className)
"""


@dataclass(frozen=True)
class Address:
    """A page. `{server}` in the path is the number of one of the client's servers."""

    name: str
    path: str
    visitor: str | None


ADDRESSES = (
    Address("sign-in", "/sign-in", None),
    Address("dashboard", "/", CLIENT),
    Address("services", "/services", CLIENT),
    Address("services-none", "/services?q=no-such-service", CLIENT),
    Address("service", "/services/{service}", CLIENT),
    Address("server", "/servers/{server}", CLIENT),
    Address("server-console", "/servers/{server}?tab=console", CLIENT),
    Address("server-network", "/servers/{server}?tab=network", CLIENT),
    Address("server-reinstall", "/servers/{server}?tab=reinstall", CLIENT),
    Address("server-traffic", "/servers/{server}?tab=traffic", CLIENT),
    Address("server-traffic-year", "/servers/{server}?tab=traffic&span=year", CLIENT),
    Address("server-history", "/servers/{server}?tab=history", CLIENT),
    Address("account", "/account", CLIENT),
    Address("password", "/account/password", CLIENT),
    Address("mail-address", "/account/mail", CLIENT),
    Address("two-factor", "/account/two-factor", CLIENT),
    Address("funds", "/billing/funds?add=20000", CLIENT),
    Address("invoices", "/billing/invoices", CLIENT),
    Address("invoices-all", "/billing/invoices?status=all", CLIENT),
    Address("invoice-open", "/billing/invoices/{open_invoice}", CLIENT),
    Address("invoice-paid", "/billing/invoices/{paid_invoice}", CLIENT),
    Address("transactions", "/billing/transactions", CLIENT),
    Address("forbidden", "/queues", CLIENT),
    Address("not-there", "/servers/99999", CLIENT),
    Address("no-such-page", "/no-such-page", CLIENT),
    Address("queues", "/queues", OPERATOR),
    Address("queues-systems", "/queues?group=system&by=server", TECHNICIAN),
    Address("pollers", "/pollers?switch=1", OPERATOR),
    Address("networks", "/network?prefix=1", OPERATOR),
    Address("fleet", "/fleet", OPERATOR),
    Address("racks", "/racks", TECHNICIAN),
    Address("rack", "/racks/{rack}", TECHNICIAN),
    Address("parts", "/parts", TECHNICIAN),
    Address("stock", "/stock", TECHNICIAN),
    Address("machine", "/stock/{stock}", TECHNICIAN),
    Address("firmware", "/firmware", TECHNICIAN),
    Address("intake", "/intake", TECHNICIAN),
    Address("arrivals", "/arrivals", TECHNICIAN),
    Address("scan", "/scan", TECHNICIAN),
    Address("aisle", "/s/{label}", TECHNICIAN),
    Address("labels", "/labels", TECHNICIAN),
    Address("companies", "/companies", OPERATOR),
    Address("company", "/companies/1", OPERATOR),
    Address("finance-invoices", "/billing/invoices", OPERATOR),
    Address("finance-invoice", "/billing/invoices/{open_invoice}", OPERATOR),
    Address("finance-transactions", "/billing/transactions", OPERATOR),
    Address("runs", "/billing/runs", OPERATOR),
    Address("traffic-plans", "/billing/traffic", OPERATOR),
    Address("audit", "/audit", OPERATOR),
    Address("tickets", "/tickets", CLIENT),
    Address("tickets-none", "/tickets?q=no-such-ticket", CLIENT),
    Address("ticket-new", "/tickets/new?service={service}", CLIENT),
    Address("ticket", "/tickets/{ticket}", CLIENT),
    Address("desk", "/desk", TECHNICIAN),
    Address("desk-ticket", "/desk/{ticket}", OPERATOR),
    Address("mails", "/mails", OPERATOR),
    Address("mail", "/mails/{mail}", OPERATOR),
)


def settled(page: Page) -> Page:
    """Returns when the page is complete: connected, no skeleton, its language there."""
    expect(page.locator("main h1, main h2").first).to_be_visible()
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    expect(page.locator("html.awaiting-text")).to_have_count(0)
    return page


def sticking_out(page: Page) -> list[str]:
    """What reaches beyond the screen. A page that is being laid out, a drawing say, may be too wide for a moment."""
    deadline = time.monotonic() + WIDE_FOR_MS / 1000
    while page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        if time.monotonic() > deadline:
            return [*page.evaluate(STICKING_OUT)] or ["the page is wider than the screen"]
        page.wait_for_timeout(100)
    return []


def at(path: str) -> re.Pattern[str]:
    """The address of a page, for `to_have_url`; a load from the server may end it with a slash."""
    bare, mark, query = path.partition("?")
    return re.compile(rf"^http://[^/]+{re.escape(bare.rstrip('/'))}/?{re.escape(mark + query)}$")


def path_of(one: Address, portal: Portal) -> str:
    """The page's path with the numbers of this demo in it."""
    return one.path.format_map(_Numbers(portal))


class _Numbers(dict[str, object]):
    """What stands in the paths, asked for when it is needed."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def __missing__(self, name: str) -> object:
        if name in _QUERIES:
            return self._portal.rows(_QUERIES[name])[0][0]
        number = self._portal.server_id("kyiv-db-01")
        return {"server": number, "label": f"S{number:05d}"}[name]


_INVOICE = "SELECT max(id) FROM invoice WHERE company_id = 1 AND kind = 'invoice' AND status = "
_QUERIES = {
    "rack": "SELECT min(rack_id) FROM rack_position",
    "stock": "SELECT server_id FROM cleaning ORDER BY finished_at NULLS FIRST, id LIMIT 1",
    "service": "SELECT id FROM service WHERE name = 'old.acme-studio.example'",
    "open_invoice": f"{_INVOICE}'issued'",
    "paid_invoice": f"{_INVOICE}'paid'",
    "ticket": "SELECT min(id) FROM ticket WHERE company_id = 1",
    "mail": "SELECT min(id) FROM mail",
}
