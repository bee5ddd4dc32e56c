"""What a technician presses: on the fleet, in the racks, on a phone in the aisle, at a switch, and on the way to stock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e import MACHINES
from tests.e2e.arrivals import (
    ARRIVED,
    MODEL,
    ORDER,
    accept_the_difference,
    approve,
    expect_newest,
    give_the_rest,
    newcomer,
    order,
    search,
    step,
    take_in,
)
from tests.e2e.other_side import ENDS_MS, OtherSide
from tests.e2e.pages import at, settled
from tests.e2e.portal import Portal
from tests.e2e.pressing import MARKUP, button, confirm, prove
from tests.e2e.visitors import PHONE, Visitors

pytestmark = MACHINES

TOGETHER = ("kv-db-01", "kv-node-02")
CUT = "kyiv-cache-01"
"""On a switch that no other test asks; only looked at elsewhere."""
NAME = "Hall Hand"
AISLE = "pampa-db-01"
STOCK = "stock-017"
REINSTALLED = "vie-ci-03"
WIPED = ("stock-101", "stock-102")
"""Taken in by the demo: one in the aisle, one from its page in stock."""
SYSTEM = "Debian 12, ready image"
THING = "Patch panel 7"


@pytest.fixture(scope="module")
def technician(portal: Portal) -> str:
    """A technician with an app for codes, whose session nobody else's test has raised."""
    return portal.add_person(
        "hall@northrack.example", like="marek@northrack.example", name=NAME, has_second_factor=True
    ).email


def chosen(page: Page, action: str) -> Locator:
    """Choose both servers and ask what would happen to them."""
    for name in TOGETHER:
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("region", name="Chosen servers").get_by_role("button", name=action, exact=True).click()
    return page.get_by_role("dialog", name=action)


def switch_together(page: Page, both: list[OtherSide], state: str) -> None:
    """Asked for after a dry run, done to each, and next time left out."""
    action, before = f"Power {state}", [one.jobs() for one in both]
    dialog = chosen(page, action)
    plans = dialog.get_by_role("listitem")
    expect(plans).to_have_count(2)
    for name in TOGETHER:
        expect(plans.filter(has_text=name)).to_contain_text("Will happen")
    expect(plans.first).to_contain_text("rented by Київ Веб")
    assert [one.jobs() for one in both] == before  # it was only asked
    dialog.get_by_role("button", name="Do it on 2 servers").click()
    expect(dialog.get_by_text("Asked", exact=True)).to_have_count(2)
    dialog.get_by_role("button", name="Close").click()
    for one in both:
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=one.server))
        expect(row.locator("td").nth(2)).to_contain_text(state.capitalize(), timeout=ENDS_MS)
        one.wait_for_jobs(*before[both.index(one)], (f"power_{state}", "succeeded"))
        assert one.power == state
    dialog = chosen(page, action)
    expect(dialog.get_by_text(f"Is {state} already.")).to_have_count(2)
    expect(dialog.get_by_role("button", name="Do it on 0 servers")).to_be_disabled()
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Choose none").click()


@pytest.mark.usefixtures("under_way")
def test_a_port_by_who_may_write_and_meanwhile_many_servers_at_once(
    visitors: Visitors, portal: Portal, technician: str
) -> None:
    """While a switch is believed only after its answers are fresh, servers on other ports are switched."""
    both, cut = [OtherSide(portal, name) for name in TOGETHER], OtherSide(portal, CUT)
    page = settled(visitors.signed_in(technician, f"/pollers?switch={switch_of(cut)}"))
    fleet = page.context.new_page()
    fleet.goto("/fleet?q=kv-")
    row = page.get_by_role("table", name=f"Ports of {cut.port()[0]}").get_by_role("row")
    row = row.filter(has=page.get_by_role("link", name=CUT))
    with kept_write_access(cut):
        confirm(page, "Take write access away")
        expect(row.get_by_role("button", name="Take down")).to_have_count(0)
        set_write_access(visitors, page, technician, community=f"{cut.port()[0]}-demo")
        row.get_by_role("button", name="Take down").click()
        dialog = page.get_by_role("dialog", name=re.compile("^Take port .* down"))
        expect(dialog).to_contain_text(f"{CUT} loses its network")
        dialog.get_by_label("Why?").fill("Flapping link")
        dialog.get_by_role("button", name="Take down").click()
        switch_together(settled(fleet), both, "off")
        expect(row.get_by_role("button", name="Take up")).to_be_enabled(timeout=ENDS_MS)
        assert not cut.port_is_enabled()
        row.get_by_role("button", name="Take up").click()
        switch_together(fleet, both, "on")
        expect(row.get_by_role("button", name="Take down")).to_be_enabled(timeout=ENDS_MS)
        assert cut.port_is_enabled()
    query = "SELECT wants_up, reason, status FROM port_order WHERE port_id = %s ORDER BY id DESC LIMIT 2"
    assert portal.rows(query, cut.port()[2]) == [(True, "", "done"), (False, "Flapping link", "done")]
    assert cut.trail("port:down_requested") == [(NAME,)]


def switch_of(other: OtherSide) -> int:
    return int(other.portal.rows("SELECT id FROM switch WHERE name = %s", other.port()[0])[0][0])


@dataclass(frozen=True)
class UnderWay:
    """Machines that were told to do what takes a while."""

    reinstalled: OtherSide
    wiped: OtherSide
    wiped_in_stock: OtherSide
    arrived: OtherSide


def label_path(other: OtherSide) -> str:
    return f"/s/S{other.id:05d}"


@pytest.fixture(scope="module")
def under_way(_visitors: Visitors, portal: Portal, technician: str) -> UnderWay:
    """Pressed once, in the aisle on a phone and in stock; while machines work, other things are looked at."""
    phone = _visitors.signed_in(technician, viewport=PHONE)
    reinstalled, wiped, in_stock = (OtherSide(portal, name) for name in (REINSTALLED, *WIPED))
    phone.goto(label_path(reinstalled))
    button(settled(phone), "Reinstall…").click()
    dialog = phone.get_by_role("dialog", name=f"Reinstall {REINSTALLED}?")
    dialog.get_by_label("Operating system").select_option(label=SYSTEM)
    typed(dialog, REINSTALLED, "Erase and reinstall")
    expect(phone.locator(".password-once")).to_contain_text("This is the only time it is shown")
    expect_newest(phone, "reinstall")
    phone.goto(label_path(wiped))
    button(settled(phone), "Wipe…").click()  # once it is enabled: the demo has just asked for its parts
    typed(phone.get_by_role("dialog"), WIPED[0], "Erase everything")
    expect_newest(phone, "wipe")

    page = _visitors.signed_in(technician, f"/stock/{in_stock.id}")
    settled(page).get_by_role("link", name="Wipe disks").click()
    button(page, "Wipe…").click()
    typed(page.get_by_role("dialog"), WIPED[1], "Erase everything")
    expect(page.locator(".installation h2")).to_have_text("Wipe disks")
    machine = newcomer(portal)
    page.goto("/arrivals")
    order(settled(page))
    search(page, machine).get_by_role("link", name="Take in").click()
    take_in(page, portal, machine)
    query = (
        "SELECT server.mac, server.stock_status, cleaning.kind, order_ref, bmc.host, bmc.username FROM server"
        " JOIN cleaning ON cleaning.server_id = server.id JOIN bmc ON bmc.server_id = server.id"
        " WHERE server.name = %s"
    )
    arrived = (machine["mac"], "cleaning", "intake", ORDER, machine["host"], machine["username"])
    assert portal.rows(query, ARRIVED) == [arrived]
    accept_the_difference(page)
    confirm(page, "Burn-in test")
    expect_newest(page, "load_test")
    return UnderWay(reinstalled, wiped, in_stock, OtherSide(portal, ARRIVED, since=0))


def typed(dialog: Locator, name: str, sure: str) -> None:
    """Not before the name is typed."""
    button = dialog.get_by_role("button", name=sure)
    expect(button).to_be_disabled()
    dialog.get_by_label(f"Type {name} to confirm").fill(name)
    button.click()


@contextmanager
def kept_write_access(other: OtherSide) -> Iterator[None]:
    """What may write to the switch is afterwards what it was before, whatever happens."""
    number = switch_of(other)
    (kept,) = other.portal.rows("SELECT write_community FROM switch WHERE id = %s", number)[0]
    try:
        yield
    finally:
        other.portal.rows("UPDATE switch SET write_community = %s WHERE id = %s", kept, number)


def set_write_access(visitors: Visitors, page: Page, who: str, *, community: str) -> None:
    button(page, "Set write access").click()
    dialog = page.get_by_role("dialog", name=re.compile("^Write access"))
    dialog.get_by_label("What may set ports").select_option("community")
    dialog.get_by_label("Write community").fill(community)
    dialog.get_by_role("button", name="Save").click()
    prove(visitors, page, who)
    expect(button(page, "Replace write access")).to_be_visible()
    assert community not in page.content()


def test_a_rack_from_its_front_and_what_is_put_into_it(
    visitors: Visitors, portal: Portal, technician: str
) -> None:
    server = portal.server_id(AISLE)
    query = (
        "SELECT rack.id, rack.name, place.bottom_u, rack.height_u FROM rack_position place"
        " JOIN rack ON rack.id = place.rack_id WHERE place.server_id = %s"
    )
    rack, name, unit, height = portal.rows(query, server)[0]
    taken = {u for (u,) in portal.rows("SELECT bottom_u FROM rack_position WHERE rack_id = %s", rack)}
    free = next(u for u in range(height - 1, 0, -1) if not {u - 1, u} & taken)
    page = settled(visitors.signed_in(technician, "/racks"))
    page.locator(f'a[href$="/racks/{rack}"], a[href$="/racks/{rack}/"]').first.click()
    front = page.get_by_role("group", name=f"Front of rack {name}")
    standing = front.get_by_role("link", name=re.compile(AISLE))
    expect(standing).to_contain_text("Leased")
    expect(standing.locator("..").locator(f'[title="U{unit}"]', has_text=AISLE)).to_have_count(1)

    button(settled(page), "Place other equipment").click()
    dialog = page.get_by_role("dialog", name="Place other equipment")
    dialog.get_by_label("What it is").fill(THING)
    dialog.get_by_label("Lowest unit").fill(str(unit))
    dialog.get_by_role("button", name="Place other equipment").click()
    expect(dialog.get_by_role("alert")).to_contain_text(re.compile(r"\w"))  # a server stands there
    dialog.get_by_label("Lowest unit").fill(str(free))
    dialog.get_by_role("button", name="Place other equipment").click()
    expect(front.locator(".rack-thing", has_text=THING)).to_have_attribute("title", f"U{free}")
    there = "SELECT bottom_u, units FROM rack_position WHERE rack_id = %s AND label = %s"
    assert portal.rows(there, rack, THING) == [(free, 1)]
    row = page.get_by_role("row").filter(has_text=THING)
    row.get_by_role("button", name="Take out").click()
    page.get_by_role("dialog").get_by_role("button", name="Take out").click()
    expect(front.get_by_text(THING)).to_have_count(0)
    assert portal.rows(there, rack, THING) == []


def test_a_label_is_scanned_on_a_phone_and_the_light_blinks(
    visitors: Visitors, portal: Portal, technician: str
) -> None:
    other = OtherSide(portal, AISLE)
    label = f"S{other.id:05d}"
    page = settled(visitors.signed_in(technician, "/scan", viewport=PHONE))
    page.get_by_label("What is on the label").fill(f"{portal.url}/s/{label}")
    button(page, "Show").click()
    expect(page).to_have_url(at(f"/s/{label}"))
    expect(settled(page).get_by_role("heading", level=1)).to_have_text(AISLE)
    expect(page.get_by_role("main")).to_contain_text(other.port()[0])
    button(page, "Blink the light").click()
    expect(page.locator(".lit")).to_contain_text("The light blinks until")
    assert [one for one in other.seen("command") if one.startswith("identify")] != []
    assert other.trail("server:identify_requested") == [(NAME,)]
    assert portal.rows("SELECT lit_until > now() FROM server_light WHERE server_id = %s", other.id) == [
        (True,)
    ]

    button(page, "Check the parts").click()
    expect(page.locator(".job-head h3")).to_have_text("Hardware check")
    expect(page.locator(".job .outcome")).to_have_class(re.compile(r"\bok\b"), timeout=ENDS_MS)
    assert other.jobs() == [("inspect", "succeeded")]
    for name in ("Reinstall…", "Wipe…", "Power off"):
        expect(button(page, name)).to_be_enabled()


def test_cleaned_with_evidence_and_released_to_stock(
    visitors: Visitors, portal: Portal, technician: str
) -> None:
    other = OtherSide(portal, STOCK)
    password = other.identity["password"]
    query = "SELECT id, model FROM part WHERE server_id = %s AND kind = 'dimm' ORDER BY id LIMIT 1"
    part, model = portal.rows(query, other.id)[0]
    portal.rows("UPDATE part SET model = %s WHERE id = %s", MARKUP, part)
    page = settled(visitors.signed_in(technician, f"/stock/{other.id}"))
    expect(page.get_by_role("table", name="Parts").get_by_text(MARKUP)).to_be_visible()
    assert page.locator("img[src=x], [onerror]").count() == 0
    portal.rows("UPDATE part SET model = %s WHERE id = %s", model, part)

    button(page, "Back to quarantine").click()
    dialog = page.get_by_role("dialog", name="Back to quarantine")
    dialog.get_by_label("Reason").fill("Checked in a browser")
    dialog.get_by_role("button", name="Back to quarantine").click()
    button(page, "Start cleaning").click()
    confirm(page, "Gather evidence")
    other.wait_for_jobs(("clean", "succeeded"))
    expect(button(page, "Gather evidence")).to_be_enabled(timeout=ENDS_MS)
    card = page.locator(".card", has=page.get_by_role("button", name="Gather evidence"))
    card.get_by_role("button", name="New BMC password").click()
    page.get_by_role("dialog").get_by_role("button", name="New BMC password").click()
    expect(card.get_by_role("button", name="New BMC password")).to_be_enabled(timeout=ENDS_MS)
    other.wait_for_jobs(("clean", "succeeded"), ("rotate_credentials", "succeeded"))
    ours = next(one for one in other.record()["users"] if one["name"] == other.identity["username"])
    assert ours["password"] not in ("", password)
    gathered = portal.rows(_GIVEN, other.id)
    assert {"addresses", "bmc_users", "bmc_access", "bmc_password"} <= {name for (name,) in gathered}
    expect(button(page, "Release to stock")).to_have_count(0)

    give_the_rest(page, other)
    confirm(page, "Release to stock")
    expect(page.get_by_role("main").get_by_text("Available", exact=True).first).to_be_visible()
    said = portal.rows("SELECT stock_status FROM server WHERE id = %s", other.id)
    assert said == [("available",)]
    assert other.trail("stock:released") == [(NAME,)]


_GIVEN = (
    "SELECT DISTINCT step.name FROM cleaning_evidence given JOIN cleaning_step step ON step.id = given.step_id"
    " JOIN cleaning ON cleaning.id = step.cleaning_id WHERE given.result = 'good' AND cleaning.id ="
    " (SELECT max(id) FROM cleaning WHERE server_id = %s)"
)


def test_what_was_pressed_in_the_aisle_and_in_stock_is_done(
    visitors: Visitors, portal: Portal, technician: str, under_way: UnderWay
) -> None:
    """A phone shows how it ended; the machines are as they were told to be."""
    phone = visitors.signed_in(technician, viewport=PHONE)
    for other, kind, path in (
        (under_way.reinstalled, "reinstall", label_path(under_way.reinstalled)),
        (under_way.wiped, "wipe", label_path(under_way.wiped)),
        (under_way.wiped_in_stock, "wipe", f"/stock/{under_way.wiped_in_stock.id}"),
    ):
        phone.goto(path)
        outcome = settled(phone).locator(".job .outcome")
        expect(outcome).to_have_class(re.compile(r"\bok\b"), timeout=ENDS_MS)
        assert other.jobs()[-1] == (kind, "succeeded")
    assert under_way.reinstalled.record()["system"]["hostname"] == REINSTALLED
    assert under_way.reinstalled.power == "on"
    under_way.wiped.wait_for(power="off")
    under_way.wiped_in_stock.wait_for(power="off")
    query = "SELECT DISTINCT outcome, method FROM wiped_disk JOIN hardware_job job ON job.id = job_id WHERE server_id = %s"
    assert portal.rows(query, under_way.wiped.id) == [("erased", "ata_enhanced_erase")]


def test_an_arrived_machine_is_burnt_in_its_firmware_approved_and_it_is_released(
    visitors: Visitors, portal: Portal, technician: str, under_way: UnderWay
) -> None:
    other = under_way.arrived
    page = settled(visitors.signed_in(technician, f"/stock/{other.id}"))
    expect(step(page, "Burn-in test passed").get_by_text("Good", exact=True)).to_be_visible(timeout=ENDS_MS)
    expect(button(page, "Gather evidence")).to_be_enabled(timeout=ENDS_MS)
    done = [(kind, "succeeded") for kind in ("inspect", "load_test", "burn_in")]
    assert other.jobs() == done
    steps = page.locator(".card", has=page.get_by_role("button", name="Gather evidence"))
    steps.get_by_role("button", name="New BMC password").click()
    page.get_by_role("dialog").get_by_role("button", name="New BMC password").click()
    expect(step(page, "New BMC password").get_by_text("Good", exact=True)).to_be_visible(timeout=ENDS_MS)
    done.append(("rotate_credentials", "succeeded"))
    other.wait_for_jobs(*done)
    firmware = page.context.new_page()
    firmware.goto("/firmware")
    approve(settled(firmware), "9.99")
    confirm(page, "Gather evidence")
    other.wait_for_jobs(*done, ("clean", "succeeded"))
    expect(step(page, "Firmware compared")).to_contain_text("BMC: approved 9.99, found 1.00")
    expect(step(page, "Firmware compared")).to_contain_text("A person decides")
    deviation = firmware.get_by_role("listitem").filter(has=firmware.get_by_role("link", name=ARRIVED))
    expect(deviation).to_contain_text("approved 9.99, found 1.00")
    approve(firmware, "1.00")
    confirm(page, "Gather evidence")
    other.wait_for_jobs(*done, ("clean", "succeeded"), ("clean", "succeeded"))
    expect(step(page, "Firmware compared").get_by_text("Good", exact=True)).to_be_visible()
    expect(deviation).to_have_count(0)
    give_the_rest(page, other)
    confirm(page, "Release to stock")
    expect(page.get_by_role("main").get_by_text("Available", exact=True).first).to_be_visible()
    users = {one["name"] for one in other.record()["users"] if one["is_enabled"]}
    assert users == {"opsportal"}  # not the factory's
    query = "SELECT stock_status, model, memory_gb FROM server WHERE id = %s"
    assert portal.rows(query, other.id) == [("available", MODEL, 96)]
    assert [other.trail(tag) for tag in ("order:accepted", "stock:released")] == [[(NAME,)]] * 2
