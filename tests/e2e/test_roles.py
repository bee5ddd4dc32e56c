"""Everybody gets to what is theirs, and nothing else reaches their browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.e2e import PEOPLE
from tests.e2e.pages import CLIENT, OPERATOR, TECHNICIAN, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors

pytestmark = PEOPLE

STAFF_PAGES = ("/queues", "/fleet", "/companies", "/companies/2", "/audit")
FORBIDDEN = "Your role does not allow this. Nothing was changed. Ask an operator if you need it."
NOT_THERE = "There is nothing here under this address. Check the link, or go back to your services."
FOREIGN = ("Київ Веб", "Nube Pampa", "kv-node", "pampa", "stock-0", "iryna@", "lucia@", "anna@", "marek@")
"""Words that only other companies' and the operator's data have."""


class Received:
    """Every frame that came to a page by its websocket, as text."""

    def __init__(self, page: Page) -> None:
        self.frames: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.frames.append(str(frame)))

    @property
    def text(self) -> str:
        return "\n".join(self.frames).encode().decode("unicode_escape", "ignore") + "\n".join(self.frames)


def expect_menu(page: Page, words: list[str]) -> None:
    links = settled(page).get_by_role("navigation", name="Menu").get_by_role("link")
    expect(links).to_have_count(len(words))
    assert [text.split("\n")[0] for text in links.all_inner_texts()] == words


def expect_heading(page: Page, path: str, heading: str) -> None:
    """The page at this path has this heading."""
    page.goto(path)
    expect(settled(page).get_by_role("heading", level=1)).to_have_text(heading)


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_client_is_told_that_a_staff_page_is_not_for_them(visitors: Visitors, path: str) -> None:
    page = visitors.signed_in(CLIENT)
    received = Received(page)
    expect_heading(page, path, "Not for your role")
    expect(page.get_by_role("alert")).to_contain_text(FORBIDDEN)
    expect(page.get_by_role("link", name="Go to the dashboard")).to_be_visible()
    assert "petr@acme.example" in received.text  # the frames were seen, and their owner's data is in them
    assert [word for word in FOREIGN if word in received.text] == []


def test_foreign_objects_look_like_none(visitors: Visitors, portal: Portal) -> None:
    foreign_service = portal.rows("SELECT id FROM service WHERE name = 'kyivweb.example' LIMIT 1")[0][0]
    foreign = [f"/servers/{portal.server_id('kv-node-01')}", f"/services/{foreign_service}"]
    stock = f"/servers/{portal.server_id('stock-017')}"
    page = visitors.signed_in(CLIENT)
    received = Received(page)
    shown = set()
    for path in (*foreign, stock, "/servers/99999", "/services/99999"):
        expect_heading(page, path, "Nothing here")
        expect(page.get_by_role("alert")).to_contain_text(NOT_THERE)
        shown.add(page.get_by_role("main").inner_text())
    assert len(shown) == 1
    assert [word for word in FOREIGN if word in received.text] == []


def test_everyday_pages_of_a_client_carry_only_their_own(visitors: Visitors) -> None:
    page = visitors.signed_in(CLIENT)
    received = Received(page)
    for path in ("/", "/services", "/tickets", "/billing/invoices", "/billing/transactions", "/account"):
        page.goto(path)
        settled(page)
    assert "kyiv-db-01" in received.text
    assert [word for word in FOREIGN if word in received.text] == []
    expect_menu(
        page,
        [
            *("Dashboard", "All services", "Servers", "Storage", "Hosting", "VPN", "Domains"),
            *("Tickets", "Add funds", "Invoices", "Transactions"),
            *("My account", "Password", "Two-factor"),
        ],
    )


def test_technician_has_the_hall_and_not_the_business(visitors: Visitors, portal: Portal) -> None:
    page = visitors.signed_in(TECHNICIAN)
    expect_heading(page, "/fleet", "Fleet")
    expect_heading(page, "/queues", "Queues")
    expect_heading(page, f"/servers/{portal.server_id('pampa-app-01')}", "pampa-app-01")
    for path in (
        "/companies",
        "/companies/1",
        "/audit",
        "/services",
        "/billing/invoices",
        "/billing/runs",
        "/billing/traffic",
        "/mails",
    ):
        expect_heading(page, path, "Not for your role")
    expect_menu(
        page,
        [
            *("Desk", "Fleet", "Racks", "Stock", "Parts", "Scan a label", "Queues", "Networks", "Switches"),
            *("My account", "Password", "Two-factor"),
        ],
    )


def test_operator_has_everything(visitors: Visitors, portal: Portal) -> None:
    page = visitors.signed_in(OPERATOR)
    for path, heading in (
        ("/queues", "Queues"),
        ("/fleet", "Fleet"),
        ("/companies", "Companies"),
        ("/companies/2", "Київ Веб"),
        ("/services", "Services"),
        ("/audit", "Audit trail"),
        ("/desk", "Desk"),
        ("/billing/runs", "Renewal runs"),
        (f"/servers/{portal.server_id('stock-017')}", "stock-017"),
    ):
        expect_heading(page, path, heading)
    expect_menu(
        page,
        [
            *(
                "Desk",
                "Mails",
                "Queues",
                "Networks",
                "Switches",
                "Fleet",
                "Racks",
                "Stock",
                "Parts",
                "Scan a label",
            ),
            *("Companies", "Services", "Audit trail"),
            *("Invoices", "Transactions", "Renewal runs", "Traffic plans"),
            *("My account", "Password", "Two-factor"),
        ],
    )
    page.goto("/")
    expect(page).to_have_url(f"{portal.url}/queues")
