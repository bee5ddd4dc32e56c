"""A server is switched off and on, and everybody who looks sees it happen."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import OPERATOR, at, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors
from tests.e2e.watching import LIVE_WITHIN_MS, Watched

pytestmark = MACHINES

SERVER = "kyiv-web-02"


def sign_in_with_code(visitors: Visitors, email: str) -> Page:
    who = visitors.portal.sign_ins[email]
    page = visitors.stranger()
    page.goto("/")
    expect(page).to_have_url(at("/sign-in?next=%2F"))
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(who.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Code").fill(visitors.authenticator(who).code())
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(at("/"))
    return page


def test_dashboard_counters_lead_to_the_lists_they_count(visitors: Visitors) -> None:
    page = settled(sign_in_with_code(visitors, "olena@acme.example"))
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Good \w+, Olena$"))
    for label, total, status in (
        ("Total services", 24, None),
        ("Active", 21, "Active"),
        ("Suspended", 2, "Suspended"),
        ("Termination request", 1, None),
    ):
        counter = settled(page).get_by_role("main").get_by_role("link", name=re.compile(f"^{label}"))
        expect(counter.locator("b")).to_have_text(str(total))
        counter.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Services")
        expect(page.get_by_text(re.compile(rf"^{total} services?$"))).to_be_visible()
        rows = settled(page).get_by_role("table", name="Services").locator("tbody tr")
        expect(rows).to_have_count(min(total, 25))
        if status:
            expect(rows.filter(has_text=status)).to_have_count(total)
        page.go_back()


STATES = ("Waiting", "Running", "Checking the result", "Done")


def seen_at(watched: Watched, place: str, state: int, *, after: float) -> float:
    """When the page first called the job by this state or a later one: what is quick may be told at once."""
    words = "|".join(STATES[state:])
    return watched.wait_for(f"{place}({words})", after=after)


def power(portal: Portal, name: str) -> str:
    return str(portal.rows("SELECT power FROM server WHERE name = %s", name)[0][0])


WHEN = (
    "SELECT id, status, extract(epoch FROM created_at) * 1000, extract(epoch FROM started_at) * 1000,"
    " NULL, extract(epoch FROM finished_at) * 1000 FROM hardware_job WHERE server_id = %s AND kind = %s"
)
"""A job's number and status, and since when each of `STATES` was true (the third is not kept)."""


def test_off_and_on_seen_by_everybody(visitors: Visitors, portal: Portal) -> None:
    page = settled(sign_in_with_code(visitors, "olena@acme.example"))
    machine = portal.server_id(SERVER)
    second_tab = page.context.new_page()
    second_tab.goto("/")
    colleague = visitors.signed_in("petr@acme.example", f"/servers/{machine}")
    operator = visitors.signed_in(OPERATOR, "/queues")
    third_tab = page.context.new_page()
    third_tab.goto(f"/services?family=server&q={SERVER}")

    page.get_by_role("link", name="Servers").first.click()
    settled(page).get_by_role("link", name=SERVER, exact=True).click()
    expect(page.get_by_role("heading", name=SERVER, exact=True)).to_be_visible()
    expect(settled(page).locator(".power-now")).to_contain_text(re.compile(r"^On"))

    tabs = [Watched(settled(one)) for one in (page, colleague, second_tab, operator)]
    lists = Watched(settled(third_tab))

    for button, doing, kind, word in (
        ("Power off", "Powering off", "power_off", "Off"),
        ("Power on", "Powering on", "power_on", "On"),
    ):
        began = page.evaluate("Date.now()")
        page.get_by_role("main").get_by_role("button", name=button).click()
        if kind == "power_off":
            dialog = page.get_by_role("dialog", name=f"Power off {SERVER}?")
            expect(dialog).to_contain_text("Data on its disks stays.")
            assert portal.rows("SELECT count(*) FROM hardware_job WHERE server_id = %s", machine) == [(0,)]
            dialog.get_by_role("button", name="Power off").click()
        for tab in (page, colleague):
            expect(tab.locator(".job-head")).to_contain_text(f"{button}")
            expect(tab.locator(".job")).to_contain_text("Read back from the server and confirmed.")
            expect(tab.locator(".power-now")).to_have_text(
                re.compile(rf"^{word}\s*Verified (just now|\d+ seconds? ago|1 minute ago)$")
            )
            expect(tab.locator(".steps li.done")).to_have_count(3)
        assert power(portal, SERVER) == word.lower()

        number, status, *truth = portal.rows(WHEN, machine, kind)[0]
        assert status == "succeeded"
        on_server = rf"({doing}|{button})\n\nStarted by Olena Kovalenko[^\n]*\s+"
        places = [
            on_server,
            on_server,
            rf"Newest jobs\n{SERVER}\n{button} · Olena Kovalenko[^\n]*\n",
            rf"\n{SERVER}\n{button} · #{number}\s+",
        ]
        for state, true_since in enumerate(truth):
            pairs = zip(tabs, places, strict=True)
            times = [seen_at(tab, place, state, after=began) for tab, place in pairs]
            assert max(times) - min(times) < LIVE_WITHIN_MS, STATES[state]
            assert true_since is None or max(times) - float(true_since) < LIVE_WITHIN_MS, STATES[state]
        in_list = lists.wait_for(rf"{SERVER}[^/]*\b{word}\b", after=began)
        assert in_list - float(truth[-1]) < LIVE_WITHIN_MS
    assert not any(tab.was_reloaded() for tab in (*tabs, lists))
