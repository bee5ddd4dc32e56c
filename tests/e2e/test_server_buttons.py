"""Every button of a server's page is pressed, and looked for at the other side: in the machine, the switch, the database."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import MACHINES
from tests.e2e.other_side import ENDS_MS, ENDS_WITHIN_S, OtherSide
from tests.e2e.pages import TECHNICIAN, settled
from tests.e2e.portal import Portal
from tests.e2e.pressing import MARKUP, button, confirm, prove
from tests.e2e.visitors import Visitors

pytestmark = MACHINES

RENTED = "prg-ci-01"
"""Acme's; its BMC has no screen of ours."""
SWITCHED = "pampa-db-01"
RESCUED, TESTED, WIPED = "kv-node-01", "kv-node-03", "pampa-app-01"
NAME = "Presses Buttons"
SECRET = "correct horse, really"


@pytest.fixture(scope="module")
def client(portal: Portal) -> str:
    """Somebody at Acme with an app for codes, whose session nobody else's test has raised."""
    email, like = "presses@acme.example", "olena@acme.example"
    return portal.add_person(email, like=like, name=NAME, has_second_factor=True).email


@pytest.fixture(scope="module")
def pampa(portal: Portal) -> str:
    return portal.add_person("presses@pampa.example", like="lucia@pampa.example", name=NAME).email


def test_cut_off_and_let_back_and_meanwhile_asked_how_it_is(
    visitors: Visitors, portal: Portal, client: str
) -> None:
    """While a switch is believed only after its answers are fresh, the other cards are used."""
    other = OtherSide(portal, RENTED)
    page = settled(visitors.signed_in(client, f"/servers/{other.id}"))
    assert other.port_is_enabled()
    button(page, "Block").click()
    dialog = page.get_by_role("dialog", name="Block this server?")
    expect(dialog).to_contain_text(f"of {other.port()[0]}")
    sure = dialog.get_by_role("button", name="Block")
    expect(sure).to_be_disabled()  # not without a reason
    dialog.get_by_label("Why?").fill("It sends spam")
    sure.click()

    ask_for_health(page, other)
    second = page.context.new_page()
    download_the_cycle(second, other)
    second.close()

    expect(button(page, "Unblock")).to_be_enabled(timeout=ENDS_MS)
    expect(page.locator(".job .outcome")).to_have_class(re.compile(r"\bok\b"))
    expect(page.get_by_text("It sends spam")).to_be_visible()
    assert not other.port_is_enabled()
    assert other.power == "on"
    said_beside_its_name = page.locator(".head-title").get_by_text("Blocked", exact=True)
    expect(said_beside_its_name).to_be_visible()
    button(page, "Unblock").click()
    dialog = page.get_by_role("dialog", name="Unblock this server?")
    expect(dialog).to_contain_text(f"of {other.port()[0]} will be switched on")
    dialog.get_by_role("button", name="Unblock").click()
    expect(button(page, "Block")).to_be_enabled(timeout=ENDS_MS)
    expect(said_beside_its_name).to_have_count(0)
    expect_end(page, "Unblock")
    assert other.port_is_enabled()
    assert other.jobs() == [("block", "succeeded"), ("unblock", "succeeded")]
    assert other.trail("server:block_requested") == [(NAME,)]


def ask_for_health(page: Page, other: OtherSide) -> None:
    """What the page shows is what the BMC says; markup in the names that it gives is text."""
    sessions = other.ask("show")["logins"]
    health = page.locator(".machine-health")
    health.get_by_role("button", name=re.compile("^Ask (now|again)$")).click()
    expect(health.locator("li span", has_text=re.compile("^CPU Temp$"))).to_be_visible()
    expect(health.get_by_role("button", name="Ask again")).to_be_enabled()
    assert other.ask("show")["logins"] > sessions
    query = "SELECT watts, sensors, events FROM server_health WHERE server_id = %s AND error_code IS NULL"
    watts, sensors, events = other.portal.rows(query, other.id)[0]
    expect(health.locator("dl").first).to_contain_text(f"{watts} W")
    assert 130 <= watts <= 230  # what the lab's supply gives to a machine that is on
    assert {"CPU Temp", "FAN1", "FAN2", "PSU1 Status"} <= {one["name"] for one in sensors}
    expect(health.locator("ul li")).to_have_count(len(sensors) + len(events))
    expect(health.locator(".sensor-list").last).to_contain_text("Event log cleared")

    named = [one | {"name": f"{MARKUP} {number}"} for number, one in enumerate(sensors)]
    said = [one | {"sensor": MARKUP} for one in events]
    other.portal.rows(
        "UPDATE server_health SET sensors = %s::jsonb, events = %s::jsonb WHERE server_id = %s",
        json.dumps(named),
        json.dumps(said),
        other.id,
    )
    title = page.title()
    page.reload()
    health = settled(page).locator(".machine-health")
    expect(
        health.locator("span, small").filter(has_text=re.compile(rf"^{re.escape(MARKUP)}( \d+)?$"))
    ).to_have_count(len(named) + len(said))
    assert page.locator("img[src=x], [onerror], main b:text-is('Fan')").count() == 0
    assert page.title() == title


def download_the_cycle(page: Page, other: OtherSide) -> None:
    """To the byte what the page says has been used."""
    deadline = time.monotonic() + ENDS_WITHIN_S
    while True:
        page.goto(f"/servers/{other.id}?tab=traffic")
        used = settled(page).locator(".cycle-used b")
        told = re.sub(r"\D", "", used.get_attribute("title") or "")
        with page.expect_download() as started:
            page.get_by_role("link", name="Download the cycle's samples").click()
        with started.value.path().open(newline="") as file:
            rows = list(csv.DictReader(file))
        counted = sum(int(row["in_bytes"] or 0) + int(row["out_bytes"] or 0) for row in rows)
        if counted == int(told):
            break  # else the switch was asked between the page and the file
        assert time.monotonic() < deadline, (told, counted)
    assert re.fullmatch(rf"{RENTED}-traffic-samples-\d{{4}}-\d\d-\d\d\.csv", started.value.suggested_filename)
    assert [row["from_utc"] for row in rows[1:]] == [row["until_utc"] for row in rows[:-1]]
    assert counted > 0


def test_secrets_are_shown_after_proof_only_and_logged(
    visitors: Visitors, portal: Portal, client: str
) -> None:
    other = OtherSide(portal, RENTED)
    page = visitors.signed_in(client)
    frames: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))))
    page.goto(f"/servers/{other.id}")
    button(settled(page), "Add sign-in data").click()
    for label, value in (("What for", "Panel"), ("User name", "root"), ("Password", SECRET)):
        page.get_by_role("main").get_by_label(label).fill(value)
    button(page, "Save").click()
    assert other.trail("server:sign_in_saved") == []
    prove(visitors, page, client)
    entry = page.locator(".sign-in", has_text="Panel")
    expect(entry).to_contain_text("••••••••")
    assert other.trail("server:sign_in_revealed") == []
    entry.get_by_role("button", name="Show").click()
    expect(entry).to_contain_text(SECRET)
    assert other.trail("server:sign_in_revealed") == [(NAME,)]
    entry.get_by_role("button", name="Hide").click()
    expect(entry).not_to_contain_text(SECRET)
    entry.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(entry).to_have_count(0)
    password = use_temporary_access(page, other)
    assert [secret for secret in (SECRET, password) if secret in json.dumps(frames)] == []


def use_temporary_access(page: Page, other: OtherSide) -> str:
    """A user of the BMC, made for this session, shown once, gone when it is ended; returns its password."""
    page.get_by_role("link", name="Console", exact=True).click()
    button(settled(page), "Ask for temporary access").click()
    button(page, "Show address and password").click(timeout=ENDS_MS)
    shown = page.locator("dl.kv", has_text="Address")
    expect(shown.locator("a")).to_have_attribute("href", re.compile(r"^https://127\."))
    name, password = (shown.locator("dd").nth(row).inner_text().split("\n")[0] for row in (1, 2))
    made = next(one for one in other.record()["users"] if one["name"] == name)
    assert (made["password"], made["is_enabled"], made["privilege"]) == (password, True, 3)
    assert other.trail("console:access_shown") == [(NAME,)]
    button(page, "End access").click()
    expect(button(page, "Ask for temporary access")).to_be_visible(timeout=ENDS_MS)
    assert name not in [one["name"] for one in other.record()["users"]]
    rows = other.portal.rows("SELECT status, password FROM bmc_access WHERE username = %s", name)
    assert rows == [("gone", None)]
    return password


def expect_end(page: Page, kind: str, tone: str = "ok") -> None:
    """The page says how the job of this kind has ended."""
    expect(page.locator(".job-head h3")).to_have_text(kind, timeout=ENDS_MS)
    expect(page.locator(".job .outcome")).to_have_class(re.compile(rf"\b{tone}\b"), timeout=ENDS_MS)


def test_power_and_every_other_way_to_start(visitors: Visitors, portal: Portal, pampa: str) -> None:
    """Three machines do what takes its time while a fourth is switched."""
    rescued, tested, wiped = (OtherSide(portal, name) for name in (RESCUED, TESTED, WIPED))
    rescue = visitors.signed_in(TECHNICIAN, f"/servers/{rescued.id}?tab=reinstall")
    test, wipe = rescue.context.new_page(), rescue.context.new_page()
    test.goto(f"/servers/{tested.id}?tab=reinstall")
    wipe.goto(f"/servers/{wiped.id}?tab=reinstall")
    start(settled(rescue), "Start rescue…", "Restart into rescue", RESCUED)
    start(settled(test), "Test memory…", "Restart into the test", TESTED)
    start(settled(wipe), "Wipe…", "Erase everything", WIPED, typed=True)

    switched = OtherSide(portal, SWITCHED)
    power = settled(visitors.signed_in(pampa, f"/servers/{switched.id}"))
    shut_down_softly(power, switched)

    expect_passed(test, 4)
    test.get_by_role("link", name="Overview", exact=True).click()
    confirm(settled(test), "Shut down")
    expect_passed(rescue, 6)
    assert "power-on" in rescued.seen("effect")
    assert rescued.ask("show")["boot_device"] == "network"
    assert rescued.record()["loaded"] is not None
    start(rescue, "Boot from disk…", "Restart from disk", RESCUED)

    expect_passed(wipe, 6)
    wiped.wait_for(power="off")
    assert wiped.jobs() == [("wipe", "succeeded")]

    # A machine in its memory test does not listen: it loses its power after all.
    expect_end(test, "Shut down")
    expect(test.locator(".power-now")).to_contain_text("Off")
    assert tested.seen("command")[-2:] == ["shutdown", "power-off"]
    assert tested.jobs() == [("memory_test", "succeeded"), ("shutdown", "succeeded")]
    assert tested.power == "off"

    expect(rescue.locator(".installation h2")).to_have_text("Boot from disk")
    expect(rescue.locator(".installation .outcome")).to_have_class(re.compile(r"\bok\b"), timeout=ENDS_MS)
    assert rescued.jobs() == [("rescue", "succeeded"), ("boot_disk", "succeeded")]
    assert rescued.record()["loaded"] is None
    assert rescued.power == "on"

    cancel_and_try_again(power, switched)  # last: whose workers stand still, does nothing of the above


def start(page: Page, way: str, sure: str, server: str, *, typed: bool = False) -> None:
    """One of the other ways to start a machine."""
    button(page, way).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(server)
    if typed:
        expect(dialog.get_by_role("button", name=sure)).to_be_disabled()
        dialog.get_by_label(f"Type {server} to confirm").fill(server)
    dialog.get_by_role("button", name=sure).click()


def expect_passed(page: Page, steps: int) -> None:
    """Every step of the job is done, and it has ended well."""
    expect(page.locator(".installation .outcome")).to_have_class(re.compile(r"\bok\b"), timeout=ENDS_MS)
    expect(page.locator(".installing li.done")).to_have_count(steps)


def shut_down_softly(page: Page, other: OtherSide) -> None:
    """The system is asked and listens: its power is not taken away. Then it is switched on again."""
    other.wait_for(stage="login")
    confirm(page, "Shut down")
    expect_end(page, "Shut down")
    expect(page.locator(".power-now")).to_contain_text("Off")
    expect(page.locator(".job")).to_contain_text("It went off by itself.")
    assert other.power == "off"
    assert other.seen("command") == ["shutdown"]
    button(page, "Power on").click()
    expect_end(page, "Power on")
    assert other.power == "on"


def cancel_and_try_again(page: Page, other: OtherSide) -> None:
    """Nothing comes of what was cancelled in time; tried again, it is done once."""
    with frozen_workers(other.portal):
        confirm(page, "Reboot")
        expect(page.locator(".job")).to_contain_text("Waits for a free worker.")
        button(page, "Cancel").click()
        expect_end(page, "Reboot", "mute")
    assert other.jobs("kind, status, commands_sent")[-1] == ("reboot", "cancelled", 0)
    assert other.trail("job:cancelled") == [(NAME,)]
    assert switched_by(other) == ["power-off", "power-on"]  # of what was done before
    button(page, "Try again").click()
    expect_end(page, "Reboot")
    expect(page.locator(".power-now")).to_contain_text("On")
    cancelled, again = other.jobs("id, status, retry_of_id")[-2:]
    assert again[1:] == ("succeeded", cancelled[0])
    assert switched_by(other) == ["power-off", "power-on"] * 2


def switched_by(other: OtherSide) -> list[str]:
    """How its power went, without what it did when it had power."""
    return [one for one in other.seen("effect") if one.startswith("power-")]


@contextmanager
def frozen_workers(portal: Portal) -> Iterator[None]:
    """Nobody begins a hardware job in the block: those who would are stopped, and go on after it."""
    pids = [pid for name, pid in portal.supervisor.pids().items() if name.startswith("worker-hardware")]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
