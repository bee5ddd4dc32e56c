"""A failed job is taken over in front of everybody: who has it, what the machine says, and how it ends."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, OPERATOR, TECHNICIAN, at, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors

pytestmark = MACHINES
SERVER = "vie-db-03"
SWITCH = re.compile("^(Shut down|Power on)$")
SAYS = re.compile(r"The machine was asked: it is (on|off)\.")
FOUND = "Its management port was unplugged."


def fail_a_job(portal: Portal, server: str = SERVER) -> int:
    """As if a worker had not reached its goal. The job's number."""
    made = portal.rows(
        "INSERT INTO hardware_job (server_id, company_id, kind, status, actor_name, created_at, not_after, started_at,"
        " finished_at, outcome_code, fence, commands_sent, reconcile_attempts)"
        " SELECT r.id, s.company_id, 'power_off', 'failed', 'Petr Novák', now(), now(), now(), now(),"
        " 'bmc_unreachable', 0, 0, 0 FROM server r JOIN service s ON s.id = r.service_id WHERE r.name = %s RETURNING id",
        server,
    )
    return int(made[0][0])


def sure(page: Page, title: str, button: str) -> None:
    """Press in the dialog that asks."""
    page.get_by_role("dialog", name=title).get_by_role("button", name=button, exact=True).click()


def failed_job_of(page: Page, server: str) -> Locator:
    """Chosen as people do it: by how jobs stand, then by server. Its row."""
    main = settled(page).get_by_role("main")
    main.get_by_role("navigation", name="Status").get_by_role("link", name="Failed").click()
    expect(page).to_have_url(re.compile(r"/queues/?\?state=failed$"))
    main.get_by_role("searchbox", name="Search by server").fill(server)
    expect(page).to_have_url(re.compile(rf"/queues/?\?state=failed&server={server}$"))
    row = main.get_by_role("table", name="Jobs", exact=True).locator("tbody tr")
    expect(row).to_have_count(1)
    expect(main.locator(".chip.on", has_text="Failed")).to_have_text(re.compile(r"^Failed\s*1$"))
    return row


def test_a_job_in_somebodys_hands_is_seen_and_respected_by_all(visitors: Visitors, portal: Portal) -> None:
    job, machine = fail_a_job(portal), portal.server_id(SERVER)
    marek = visitors.signed_in(TECHNICIAN, "/queues")
    row = failed_job_of(marek, SERVER)
    mine = marek.locator(".in-hands .job").filter(has_text=f"#{job}")
    anna = visitors.signed_in(OPERATOR, f"/servers/{machine}")
    petr = visitors.onlooker(CLIENT)
    petr.goto(f"/servers/{machine}")
    second = anna.context.new_page()
    second.goto(f"/queues?state=taken&server={SERVER}")
    expect(settled(second).get_by_text("No jobs here")).to_be_visible()
    taken = second.get_by_role("table", name="Jobs", exact=True).locator("tbody tr")

    for other in (anna, petr):
        expect(settled(other).get_by_role("button", name=SWITCH)).to_be_enabled()
    row.get_by_role("button", name="Take over…").click()
    sure(marek, f"Take job #{job} over?", "Take over")
    expect(mine).to_contain_text(SAYS)
    for other in (anna, petr):
        said = other.get_by_role("status").filter(has_text="taken over")
        expect(said).to_contain_text(f"job #{job} of this server")
        expect(other.get_by_role("button", name=SWITCH)).to_be_disabled()
        expect(other.get_by_role("button", name="Block", exact=True)).to_be_disabled()
    expect(petr.get_by_role("button", name=re.compile("^Take "))).to_have_count(0)
    expect(taken).to_contain_text("Taken over")

    anna.get_by_role("button", name=re.compile("^Take from Marek")).click()
    sure(anna, "Take this job from Marek Dvořák?", "Take it")
    expect(anna.locator(".in-hands")).to_contain_text(SAYS)
    expect(mine).to_have_count(0)
    expect(second.locator(".in-hands")).to_contain_text(SERVER)

    anna.locator(".in-hands").get_by_role("button", name="Hand back…").click()
    sure(anna, f"Hand job #{job} back?", "Hand back")
    expect(second.get_by_text("No jobs here")).to_be_visible()
    for other in (anna, petr):
        expect(other.get_by_role("button", name=SWITCH)).to_be_enabled()
        expect(other.get_by_role("button", name="Block", exact=True)).to_be_enabled()
        expect(other.get_by_text("taken over")).to_have_count(0)

    row.get_by_role("button", name="Take over…").click()
    sure(marek, f"Take job #{job} over?", "Take over")
    expect(mine).to_contain_text(SAYS)
    mine.get_by_role("button", name="End as failed…").click()
    marek.get_by_role("dialog").get_by_label("What have you seen?").fill(FOUND)
    sure(marek, f"End job #{job} as failed?", "End as failed")
    expect(mine).to_have_count(0)
    expect(anna.locator(".job .seen")).to_contain_text(FOUND)
    expect(petr.get_by_role("button", name=SWITCH)).to_be_enabled()
    expect(petr.get_by_text(FOUND)).to_have_count(0)
    _leads_to_the_queues_and_back(anna, machine)


def _leads_to_the_queues_and_back(page: Page, machine: int) -> None:
    """One click each."""
    page.get_by_role("link", name="Its jobs in the queues").click()
    expect(page).to_have_url(at(f"/queues?server={SERVER}"))
    expect(page.get_by_role("searchbox", name="Search by server")).to_have_value(SERVER)
    row = settled(page).get_by_role("table", name="Jobs", exact=True).locator("tbody tr").first
    row.get_by_role("link", name=SERVER, exact=True).click()
    expect(page).to_have_url(at(f"/servers/{machine}"))
    expect(page.get_by_role("heading", level=1)).to_have_text(SERVER)
