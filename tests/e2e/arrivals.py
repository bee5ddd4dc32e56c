"""A machine's way into stock as a technician walks it: ordered, found, taken in, compared, accepted; and what is left."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from lab.bmcs.client import read_newcomers
from opsportal.components.job_labels import JOB_DOING, JOB_KIND
from tests.e2e.other_side import ENDS_MS, OtherSide
from tests.e2e.pages import at, settled
from tests.e2e.portal import Portal
from tests.e2e.pressing import button

ARRIVED = "browser-101"
ORDER = "E2E-7"
CSV = "kind,count,model,serials\nchassis,1,AS-1115HS-TNR\ndimm,4,32 GB\ndisk,2,3.84 TB\n"
MODEL = "Supermicro AS-1115HS-TNR"
REASON = "The fourth module comes on Monday."
ANY_WORDS = re.compile(r"\w")


def newcomer(portal: Portal) -> dict[str, Any]:
    """The machine that nobody has written down and that lacks a memory module."""
    return next(one for one in read_newcomers(portal.data / "lab") if one["name"] == "new-004")


def order(page: Page) -> None:
    """One machine, its parts from a file."""
    button(page, "Enter an order").click()
    dialog = page.get_by_role("dialog", name="Enter an order of hardware")
    dialog.get_by_label("Number of the order").fill(ORDER)
    dialog.get_by_label("Parts of each machine").fill("some wheels")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text(ANY_WORDS)
    file = {"name": "order.csv", "mimeType": "text/csv", "buffer": CSV.encode()}
    dialog.locator("input[type=file]").set_input_files([file])
    expect(dialog.get_by_label("Parts of each machine")).to_have_value(CSV)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(
        page.get_by_role("table", name="Orders").get_by_role("row").filter(has_text=ORDER)
    ).to_contain_text("0 of 1")


def search(page: Page, machine: dict[str, Any]) -> Locator:
    """In a range that is not permitted, then where the machine is; its row."""
    asks = button(page, "Search for BMCs")
    expect(asks).to_be_enabled()  # the demo's own search is over
    asks.click()
    dialog = page.get_by_role("dialog", name="Search a management network")
    dialog.get_by_label("Network or range").fill("192.0.2.0/28")
    dialog.get_by_role("button", name="Search").click()
    expect(dialog.get_by_role("alert")).to_have_text(ANY_WORDS)
    dialog.get_by_label("Network or range").fill(f"{machine['host']}-{machine['host']}")
    dialog.get_by_label("Ports for IPMI").fill(str(machine["port"]))
    dialog.get_by_label("Ports for Redfish").fill("")
    dialog.get_by_role("button", name="Search").click()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("table", name="Found BMCs").get_by_role("row")
    expect(row.filter(has_text=machine["uuid"])).to_be_visible()
    expect(page.get_by_text("1 of 1 asked")).to_be_visible()
    return row.filter(has_text=machine["uuid"])


def take_in(page: Page, portal: Portal, machine: dict[str, Any]) -> None:
    """By the form that knows where it was found; not with a wrong MAC address."""
    main = settled(page).get_by_role("main")
    expect(main.get_by_label("Address of its BMC")).to_have_value(machine["host"])
    expect(main.get_by_label("Port", exact=True)).to_have_value(str(machine["port"]))
    for label, value in (
        ("Name", ARRIVED),
        ("MAC address of the first network port", "no address"),
        ("BMC user", machine["username"]),
        ("BMC password", machine["password"]),
        ("Number of the order", ORDER),
    ):
        main.get_by_label(label, exact=True).fill(value)
    button(page, "Take in").click()
    expect(main.get_by_role("alert").filter(has_text=ANY_WORDS)).to_be_visible()
    assert portal.rows("SELECT id FROM server WHERE name = %s", ARRIVED) == []
    main.get_by_label("MAC address of the first network port").fill(machine["mac"].upper().replace(":", "-"))
    button(page, "Take in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ARRIVED)
    expect(page).to_have_url(at(f"/stock/{portal.server_id(ARRIVED)}"))


def accept_the_difference(page: Page) -> None:
    """Its own words beside the order, and a person's about them."""
    beside = settled(page).locator(".card", has=page.get_by_role("heading", name="Beside the order"))
    memory = beside.get_by_role("listitem").filter(has_text="Memory module")
    expect(memory).to_contain_text("4 ordered, 3 found", timeout=ENDS_MS)
    expect(memory).to_contain_text("Fewer than ordered")
    expect(beside.get_by_text("As ordered", exact=True)).to_have_count(2)
    beside.get_by_role("button", name="Accept as it is").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Accept"))
    dialog.get_by_label("Reason").fill(REASON)
    dialog.get_by_role("button", name="Accept as it is").click()
    expect(beside.get_by_role("button", name="Accept as it is")).to_have_count(0)


def approve(page: Page, version: str) -> None:
    """The version that BMCs of the machine's model are to have."""
    button(page, "Approve a version").click()
    dialog = page.get_by_role("dialog", name="Approve a version")
    dialog.get_by_label("Model", exact=True).select_option(MODEL)
    dialog.get_by_label("Version", exact=True).fill(version)
    dialog.get_by_role("button", name="Approve a version").click()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("table", name="Approved firmware").get_by_role("row").filter(has_text=MODEL)
    expect(row).to_contain_text(version)


def expect_newest(page: Page, kind: str) -> None:
    """The page shows a job of this kind, under way or done."""
    words = re.compile(f"^({re.escape(JOB_DOING[kind])}|{re.escape(JOB_KIND[kind])})$")
    expect(page.locator(".job-head h3")).to_have_text(words)


def step(page: Page, name: str) -> Locator:
    """A step of the machine's cleaning."""
    card = page.locator(".card", has=page.get_by_role("button", name="Gather evidence"))
    return card.locator(".evidence > li").filter(has_text=name)


LACKING = (
    "SELECT count(*) FROM cleaning_step s JOIN cleaning c ON c.id = s.cleaning_id AND c.finished_at IS NULL"
    " WHERE c.server_id = %s AND coalesce((SELECT result FROM cleaning_evidence e WHERE e.step_id = s.id"
    " ORDER BY e.id DESC LIMIT 1), '') <> 'good'"
)


def give_the_rest(page: Page, other: OtherSide) -> None:
    """A person's word for every step that no program has proved. Before: until the programs are done."""
    ((left,),) = other.portal.rows(LACKING, other.id)
    steps = page.locator(".card", has=page.get_by_role("button", name="Gather evidence")).locator(
        ".evidence > li"
    )
    lacking = steps.filter(has_not=page.get_by_text("Good", exact=True))
    while left:
        expect(lacking).to_have_count(left)  # the page shows all that the programs have proved
        lacking.first.get_by_role("button", name="Enter evidence").click()
        give_evidence(page)
        left -= 1
    expect(lacking).to_have_count(0)


def give_evidence(page: Page) -> None:
    """A person's word for one step, with how a disk was erased."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Result").select_option("good")
    how = dialog.get_by_label("How")
    if how.input_value() == "":
        how.select_option("destroyed")
    dialog.get_by_label("What you did and saw").fill("Seen with my own eyes.")
    dialog.get_by_role("button", name="Keep as evidence").click()
    expect(dialog).to_be_hidden()
