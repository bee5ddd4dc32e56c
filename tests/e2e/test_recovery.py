"""Whatever is killed comes back by itself; what was typed and what was asked for is not lost."""

from __future__ import annotations

import os
import re
import signal
import xmlrpc.client
from http.client import HTTPException

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, settled
from tests.e2e.portal import Portal, wait_until
from tests.e2e.visitors import Visitors

pytestmark = MACHINES

BACK_WITHIN_S = 120.0
"""From the kill until /healthz says 200: the longest is everything started anew, on a busy machine."""
JOB_ENDS_WITHIN_MS = 180_000
SHOWN_WITHIN_MS = 60_000
"""A page whose process or database was away reads again within this time."""
SERVER = "vie-backup-01"
PROGRAMS = (
    *("web", "dispatcher", "schedule", "worker-hardware-1", "worker-hardware-2", "worker-poll-1"),
    *("worker-default-1", "lab", "postgres", "valkey", "supervisord"),
)
WORDS = {"on": "On", "off": "Off"}
CAUGHT = ("failed", "not_carried_out")
"""How a job ends that was caught in the moment between announcing its command and sending it (or, when the lab was killed,
carrying it out): the BMC is asked, nothing is repeated by guess, and whoever asked may ask again."""
FOLLOW = """
() => {
  const html = document.documentElement;
  const note = () => { html.dataset.said = `${html.dataset.said ?? ''} ${document.querySelector('.live').textContent}`; };
  new MutationObserver(note).observe(document.querySelector('.live'), { subtree: true, childList: true, characterData: true });
}
"""
"""Keeps what the page says of its connection: on a quick machine it is there again before anybody looks."""


def pid_of(portal: Portal, program: str) -> int:
    pids = portal.supervisor.pids()
    return psutil.Process(pids["web"]).ppid() if program == "supervisord" else pids[program]


def kill(portal: Portal, program: str) -> int:
    """kill -9; returns the number of the process that is gone."""
    pid = pid_of(portal, program)
    os.kill(pid, signal.SIGKILL)
    return pid


def is_back(portal: Portal, program: str, killed: int) -> bool:
    try:
        return pid_of(portal, program) != killed and portal.is_healthy()
    except (OSError, KeyError, psutil.Error, HTTPException, xmlrpc.client.Error):
        return False  # supervisord itself is being started again


def switch(page: Page, portal: Portal) -> tuple[int, str]:
    """Asks for the other power state; returns the job's number and the goal, once the job is on the page."""
    before = portal.rows("SELECT coalesce(max(id), 0) FROM hardware_job")[0][0]
    machine = portal.server_id(SERVER)
    buttons = page.get_by_role("main")
    expect(buttons.get_by_role("button", name=re.compile("^Power (on|off)$")).first).to_be_enabled()
    goal = "on" if buttons.get_by_role("button", name="Power on").is_visible() else "off"
    buttons.get_by_role("button", name=f"Power {goal}").click()
    if goal == "off":
        page.get_by_role("dialog").get_by_role("button", name="Power off").click()
    query = "SELECT id FROM hardware_job WHERE id > %s AND server_id = %s"
    wait_until(lambda: portal.rows(query, before, machine) != [], what="the job is written down")
    return portal.rows(query, before, machine)[0][0], goal


def end_of(portal: Portal, job: int) -> tuple[str, str]:
    """The job's status and outcome, once it has ended."""
    final = "SELECT status, outcome_code FROM hardware_job WHERE id = %s AND finished_at IS NOT NULL"
    wait_until(lambda: portal.rows(final, job) != [], timeout=JOB_ENDS_WITHIN_MS / 1000, what="the job ends")
    status, outcome = portal.rows(final, job)[0]
    return status, outcome


def expect_done(page: Page, portal: Portal, job: int, goal: str) -> None:
    """The page shows the job's end, and it is the truth."""
    # The page may still show the job before this one: wait for the end where it is written first.
    end_of(portal, job)
    expect(page.locator(".job .outcome")).to_have_class(re.compile(r"\bok\b"), timeout=JOB_ENDS_WITHIN_MS)
    expect(page.locator(".power-now")).to_contain_text(WORDS[goal], timeout=SHOWN_WITHIN_MS)
    status, power = portal.rows(
        "SELECT job.status, server.power FROM hardware_job job JOIN server ON server.id = job.server_id"
        " WHERE job.id = %s",
        job,
    )[0]
    assert (status, power) == ("succeeded", goal)
    expect(page.get_by_role("main").get_by_role("button", name=re.compile("^Power"))).to_be_enabled(
        timeout=SHOWN_WITHIN_MS
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_killed_process_comes_back(visitors: Visitors, portal: Portal, program: str) -> None:
    visitors.faults.expects_outage = True
    page = settled(visitors.signed_in(CLIENT, f"/servers/{portal.server_id(SERVER)}"))
    form = page.context.new_page()
    form.goto("/account/password")
    settled(form).get_by_label("New password").fill("typed before the kill")
    search = page.context.new_page()
    search.goto("/services")
    loaded = [tab.evaluate("performance.timeOrigin") for tab in (page, settled(form), settled(search))]

    page.evaluate(FOLLOW)
    job, goal = switch(page, portal)
    killed = kill(portal, program)
    search.get_by_role("searchbox").fill("kyiv-db")
    if program in ("web", "supervisord"):
        expect(page.locator("html")).to_have_attribute("data-said", re.compile("Reconnecting"))
    wait_until(lambda: is_back(portal, program, killed), timeout=BACK_WITHIN_S, what=f"{program} is back")

    expect(page.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_be_visible()
    if end_of(portal, job) == CAUGHT:
        job, again = switch(page, portal)
        assert again == goal
    expect_done(page, portal, job, goal)
    expect(form.get_by_label("New password")).to_have_value("typed before the kill")
    expect(search.get_by_role("searchbox")).to_have_value("kyiv-db")
    expect(search.get_by_role("table", name="Services").locator("tbody tr")).to_have_count(1)
    assert [tab.evaluate("performance.timeOrigin") for tab in (page, form, search)] == loaded


def test_page_that_was_offline_shows_the_truth_again(visitors: Visitors, portal: Portal) -> None:
    visitors.faults.expects_outage = True
    path = f"/servers/{portal.server_id(SERVER)}"
    page = settled(visitors.signed_in(CLIENT, path))
    colleague = settled(visitors.signed_in("olena@acme.example", path))
    loaded = page.evaluate("performance.timeOrigin")
    page.context.set_offline(True)
    expect(page.get_by_role("status").filter(has_text="Reconnecting")).to_be_visible()
    job, goal = switch(colleague, portal)
    expect_done(colleague, portal, job, goal)
    page.context.set_offline(False)
    expect(page.get_by_role("status").filter(has_text=re.compile("^Live$"))).to_be_visible()
    expect_done(page, portal, job, goal)
    assert page.evaluate("performance.timeOrigin") == loaded
