"""A failed job is taken over in front of everybody: who has it, what the machine says, and how it ends."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e import MARKS
from tests.e2e.pages import CLIENT, OPERATOR, TECHNICIAN, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import Visitors

pytestmark = MARKS
SERVER = "vie-ci-03"
SWITCH = re.compile("^(Shut down|Power on)$")


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


def test_a_job_in_somebodys_hands_is_seen_and_respected_by_all(visitors: Visitors, portal: Portal) -> None:
    job, machine = fail_a_job(portal), portal.server_id(SERVER)
    tess = visitors.signed_in(TECHNICIAN, "/queues")
    main = settled(tess).get_by_role("main")
    main.get_by_role("navigation", name="Status").get_by_role("link", name="Failed").click()
    main.get_by_role("searchbox", name="Search by server").fill(SERVER)
    expect(tess).to_have_url(re.compile(rf"/queues\?state=failed&server={SERVER}$"))
    link = tess.url
    row = main.get_by_role("table", name="Jobs", exact=True).locator("tbody tr")
    expect(row).to_have_count(1)
    expect(main.locator(".chip.on", has_text="Failed")).to_have_text(re.compile(r"Failed\s*1$"))

    others = [visitors.signed_in(who, f"/servers/{machine}") for who in (OPERATOR, CLIENT)]
    for other in others:
        expect(settled(other).get_by_role("button", name=SWITCH)).to_be_enabled()
    row.get_by_role("button", name="Take over…").click()
    tess.get_by_role("dialog", name=f"Take job #{job} over?").get_by_role("button", name="Take over").click()
    mine = main.locator(".in-hands")
    expect(mine).to_contain_text(re.compile(r"The machine was asked: it is (on|off)\."))
    for other in others:
        expect(other.get_by_role("status").filter(has_text="taken over")).to_contain_text(
            f"job #{job} of this server"
        )
        expect(other.get_by_role("button", name=SWITCH)).to_be_disabled()
    expect(others[0].get_by_role("button", name=re.compile("^Take from "))).to_be_visible()
    expect(others[1].get_by_role("button", name=re.compile("^Take "))).to_have_count(0)

    second = visitors.signed_in(OPERATOR, link.replace("state=failed", "state=taken"))
    expect(settled(second).get_by_role("table", name="Jobs", exact=True).locator("tbody tr")).to_contain_text(
        "Taken over"
    )
    mine.get_by_role("button", name="End as failed…").click()
    dialog = tess.get_by_role("dialog", name=f"End job #{job} as failed?")
    dialog.get_by_label("What have you seen?").fill("Its management port was unplugged.")
    dialog.get_by_role("button", name="End as failed").click()
    expect(mine).to_have_count(0)
    expect(second.get_by_text("No jobs here")).to_be_visible()
    expect(others[0].locator(".job .seen")).to_contain_text("Its management port was unplugged.")
    for other in others:
        expect(other.get_by_role("button", name=SWITCH)).to_be_enabled()
    expect(others[1].locator(".job .seen")).to_have_count(0)
