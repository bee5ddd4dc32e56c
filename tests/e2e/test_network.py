"""Reverse DNS as people see it: edited in place, live until the name server shows it, with a warning where it matters."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, TECHNICIAN, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors

pytestmark = MACHINES
SERVER = "prg-app-02"
PATIENCE_MS = 60_000


def record(page: Page) -> Locator:
    return page.locator(".reverse").first


def test_a_name_is_changed_in_place_and_seen_to_become_visible(visitors: Visitors, portal: Portal) -> None:
    path = f"/servers/{portal.server_id(SERVER)}?tab=network"
    page, other = visitors.signed_in(CLIENT, path), visitors.signed_in(TECHNICIAN, path)
    for one in (page, other):
        expect(record(settled(one)).get_by_text("Visible")).to_be_visible(timeout=PATIENCE_MS)
    record(page).get_by_role("button", name="Change").click()
    field = page.get_by_label("Reverse DNS of")
    field.fill("no-full-name")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="This is no full host name")).to_be_visible()
    field.fill("nobody.acme.example")
    page.get_by_role("button", name="Save").click()
    for one in (page, other):
        shown = record(one)
        expect(shown.locator("code").first).to_have_text("nobody.acme.example", timeout=PATIENCE_MS)
        expect(shown.get_by_text("Visible")).to_be_visible(timeout=PATIENCE_MS)
        expect(shown.get_by_text("does not lead to")).to_be_visible(timeout=PATIENCE_MS)
    query = "SELECT r.status FROM reverse_record r WHERE r.name = 'nobody.acme.example'"
    assert portal.rows(query) == [("visible",)]
    page.get_by_role("button", name="Change").first.click()
    page.get_by_label("Reverse DNS of").fill(f"{SERVER}.acme.example")
    page.get_by_role("button", name="Save").click()
    expect(record(page).locator("code").first).to_have_text(f"{SERVER}.acme.example", timeout=PATIENCE_MS)
    expect(record(page).get_by_text("does not lead to")).to_have_count(0, timeout=PATIENCE_MS)
    expect(record(page).get_by_text("Visible")).to_be_visible(timeout=PATIENCE_MS)
