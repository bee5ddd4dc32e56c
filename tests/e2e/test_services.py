"""A suspension as both sides see it: pressed by an operator, read live by the client, kept in the history."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e import PEOPLE
from tests.e2e.pages import CLIENT, OPERATOR, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors

pytestmark = PEOPLE
SERVER = "prg-app-01"
NOTE = "Mass mails since Monday"


def say_why(page: Page, button: str, words: str) -> None:
    """Press a button that asks why, and say it."""
    page.get_by_role("main").get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why?").fill(words)
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_have_count(0)


def test_a_suspension_for_policy_is_pressed_read_live_and_kept(visitors: Visitors, portal: Portal) -> None:
    path = f"/servers/{portal.server_id(SERVER)}"
    client = visitors.onlooker(CLIENT)
    client.goto(f"{path}?tab=history")
    history = settled(client).locator(".service-history tbody tr")
    expect(history.first).to_contain_text("Activated")
    expect(client.get_by_role("button", name="Suspend for policy")).to_have_count(0)
    operator = visitors.onlooker(OPERATOR)
    operator.goto(path)
    say_why(settled(operator), "Suspend for policy", NOTE)

    banner = client.locator(".suspension")
    expect(banner).to_contain_text(NOTE)
    expect(banner.get_by_role("link", name="Contact support")).to_be_visible()
    for button in client.get_by_role("main").get_by_role("button", name="Power").all():
        expect(button).to_be_disabled()
    expect(history.first).to_contain_text("Suspended for policy")
    expect(history.first).to_contain_text(NOTE)
    expect(history.first).to_contain_text("Our staff")

    say_why(operator, "Lift suspension", "Relay closed")
    expect(banner).to_have_count(0)
    expect(history.first).to_contain_text("Suspension for policy lifted")
    expect(operator.get_by_role("main").get_by_role("button", name="Suspend for policy")).to_be_visible()


def test_what_costs_more_than_lately_is_marked_and_leads_to_its_history(visitors: Visitors) -> None:
    client = visitors.onlooker(CLIENT)
    client.goto("/services?family=vpn")
    row = settled(client).get_by_role("row").filter(has_text="acme-office")
    expect(row).to_contain_text("before: €30.00")
    expect(client.get_by_text("Costs more")).to_have_count(1)
    row.get_by_role("link", name="Costs more").click()
    line = client.locator(".service-history tbody tr").filter(has_text="Price changed")
    expect(line).to_contain_text("€30.00 per month → €35.00 per month")
