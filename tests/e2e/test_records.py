"""Putting on record what stands in the hall: a switch that is asked at once, a server's cable, the address of a BMC."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import settled
from tests.e2e.portal import Portal
from tests.e2e.pressing import button, confirm, prove
from tests.e2e.visitors import Visitors

pytestmark = MACHINES

LIKE = "vie-sw-01"
"""The lab's switch that answers under another name, too."""
NAME = "records-sw-01"
PORT = "ge-0/0/0"
SERVER = "pampa-db-01"


@pytest.fixture(scope="module")
def technician(portal: Portal) -> str:
    """Whose session nobody else's test has raised."""
    return portal.add_person(
        "records@northrack.example",
        like="marek@northrack.example",
        name="Records Hand",
        has_second_factor=True,
    ).email


def test_a_switch_is_added_asked_and_cabled_and_the_server_shows_it(
    visitors: Visitors, portal: Portal, technician: str
) -> None:
    server = portal.server_id(SERVER)
    page = settled(visitors.signed_in(technician, "/pollers"))
    number = add_switch(visitors, page, portal, technician)
    try:
        main = page.get_by_role("main")
        expect(main).to_contain_text(re.compile(rf"It answers as {LIKE} and shows \d+ ports"))
        assert f"{LIKE}-demo" not in page.content()
        row = page.get_by_role("table", name=f"Ports of {NAME}").get_by_role("row")
        row = row.filter(has=page.get_by_text(PORT, exact=True))
        row.get_by_role("button", name="Plug in").click()
        dialog = page.get_by_role("dialog", name=f"A server on port {PORT}")
        dialog.get_by_label("Server").fill(SERVER[:6])
        expect(dialog.locator(f'option[value="{SERVER}"]')).to_have_count(1)  # offered while it is typed
        dialog.get_by_label("Server").fill(SERVER)
        dialog.get_by_label("Network card").fill("eno2")
        dialog.get_by_role("button", name="Plug in").click()
        expect(row.get_by_role("link", name=SERVER)).to_be_visible()
        page.goto(f"/servers/{server}?tab=network")
        expect(settled(page).get_by_role("main")).to_contain_text(re.compile(rf"{NAME} · {PORT}\s*eno2"))
        save_bmc_record(page, server)
        cables = page.get_by_role("table", name="Cables").get_by_role("row").filter(has_text=NAME)
        cables.get_by_role("button", name="Unplug").click()
        page.get_by_role("dialog").get_by_role("button", name="Unplug").click()
        expect(cables.get_by_role("button", name="Unplug")).to_have_count(0)
        page.goto(f"/pollers?switch={number}")
        settled(page)
        confirm(page, "Take out of service")
        expect(button(page, "Put back into service")).to_be_visible()
        expect(page.get_by_role("table", name="Out of service")).to_contain_text(NAME)
    finally:  # no other test counts it
        portal.rows("UPDATE port_link SET valid_until = now() WHERE valid_until IS NULL AND port_id IN"
                    " (SELECT id FROM switch_port WHERE switch_id = %s)", number)  # fmt: skip
        portal.rows("UPDATE switch SET is_polled = false WHERE id = %s", number)


def add_switch(visitors: Visitors, page: Page, portal: Portal, who: str) -> int:
    (port,) = portal.rows("SELECT port FROM switch WHERE name = %s", LIKE)[0]
    button(page, "Add a switch").click()
    dialog = page.get_by_role("dialog", name="Add a switch")
    dialog.get_by_label("What may read it").select_option("community")
    fields = {"Name": NAME, "Site": "Vienna 2", "Address": "127.0.0.1", "Port": str(port)}
    for label, value in fields.items():
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.get_by_label("Community (SNMPv2c)").fill(f"{LIKE}-demo")
    dialog.get_by_role("button", name="Save").click()
    prove(visitors, page, who)
    expect(page.get_by_role("table", name=f"Ports of {NAME}")).to_be_visible()
    return int(portal.rows("SELECT id FROM switch WHERE name = %s", NAME)[0][0])


def save_bmc_record(page: Page, server: int) -> None:
    """What is on record, saved again: nothing changes, and its password is not needed for that."""
    page.goto(f"/stock/{server}")
    button(settled(page), "Correct address and sign-in").click()
    form = page.get_by_role("form", name="Correct address and sign-in")
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("That is what stands on record already.")).to_be_visible()
    expect(form).to_have_count(0)
