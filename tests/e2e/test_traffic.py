"""Traffic as people see it: drawn, exact under the pointer, as a table and as a file, and moving by itself."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import create_engine

from opsportal.db import Unit
from opsportal.domain.traffic import hot, inventory, links, recording, topics
from opsportal.domain.traffic.counters import MEASURED, Sample
from opsportal.domain.traffic.figures import BILLING_SLOT_S
from opsportal.domain.traffic.slots import SLOT_MS, slot_of, slot_start
from opsportal.models import Company, Plan, Server, Service, Switch
from opsportal.models.base import utcnow
from tests.e2e import MACHINES
from tests.e2e.pages import CLIENT, OPERATOR, TECHNICIAN, at, settled
from tests.e2e.portal import Portal
from tests.e2e.visitors import DESKTOP, PHONE, Visitors
from tests.e2e.watching import LIVE_WITHIN_MS, Watched

pytestmark = MACHINES

BEFORE, HOLE, AFTER = 40, 12, 20
"""Slots with traffic, without any, and again with traffic, until now."""
IN_BYTES, OUT_BYTES = 15_000_001, 45_000_002
"""Of the n-th slot n times as much: no two slots look the same."""


@dataclass
class Measured:
    """A server of the client with a port of its own, on a switch that nobody else asks."""

    portal: Portal
    name: str
    server_id: int = 0
    port_id: int = 0
    first: int = 0
    opened: int = 0
    """The slot in which its page was opened last: where the drawing ends."""

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        url = self.portal.database_url.replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url)
        with Unit(engine, expire_on_commit=False) as unit:
            yield unit
            unit.commit()
        engine.dispose()

    def make(self, *, is_over: bool) -> Measured:
        """With a gap in its traffic. If it `is_over`, the cable was pulled some minutes ago."""
        now = utcnow()
        self.first = slot_of(now) - BEFORE - HOLE - AFTER - 2
        with self.unit() as unit:
            hot.ensure_days(unit, [now.date(), (now - dt.timedelta(days=1)).date()])
        with self.unit() as unit:
            server = _server(unit, self.portal, self.name)
            switch = Switch(
                name=f"{self.name}-sw", site="Test", host="192.0.2.1", community=b"x", is_polled=False
            )
            switch_id = inventory.add_switch(unit, switch).id or 0
            port = inventory.find_or_add_port(unit, switch_id, "ge-0/0/0", speed_mbps=10_000)
            assert server.id is not None
            assert port.id is not None
            links.connect_port(unit, port.id, server.id, at=slot_start(self.first))
            self.server_id, self.port_id = server.id, port.id
            numbers = [n for n in range(BEFORE + HOLE + AFTER) if not BEFORE <= n < BEFORE + HOLE]
            hot.store_samples(unit, [(self.port_id, self.sample(n)) for n in numbers])
            if is_over:
                links.disconnect_port(unit, port.id, at=slot_start(self.first + BEFORE + HOLE + AFTER))
        return self

    def sample(self, number: int) -> Sample:
        """A whole slot's traffic, in the switch's words."""
        n = number + 1
        return Sample((self.first + n) * SLOT_MS, SLOT_MS, n * OUT_BYTES, n * IN_BYTES, MEASURED)

    def add(self, received_bps: int, sent_bps: int) -> dt.datetime:
        """One more second is measured and announced; when."""
        now = utcnow()
        with self.unit() as unit:
            hot.ensure_days(unit, [now.date()])
        with self.unit() as unit:
            sample = Sample(int(now.timestamp() * 1_000), 1_000, sent_bps // 8, received_bps // 8, MEASURED)
            hot.store_samples(unit, [(self.port_id, sample)])
            unit.changed(topics.server(self.server_id))
        return now


def _server(unit: Unit, portal: Portal, name: str) -> Server:
    company, plan = portal.rows(
        "SELECT company_id, plan_id FROM service WHERE id ="
        " (SELECT service_id FROM server WHERE name = 'kyiv-db-01')"
    )[0]
    today = utcnow().date()
    service = Service(
        company_id=unit.get_one(Company, company).id or 0,
        plan_id=unit.get_one(Plan, plan).id or 0,
        name=name,
        status="terminated",  # counted by no other test
        period_start=today,
        period_end=today + dt.timedelta(days=1),
        price_minor=0,
        currency="EUR",
    )
    unit.add(service)
    unit.flush()
    server = Server(
        name=name, service_id=service.id, site="Test", rack="T1", model="Test 1U", cpu="8 cores",
        memory_gb=8, disks="none", mac=f"52:54:00:ff:ff:{name[-2:]}",
    )  # fmt: skip
    unit.add(server)
    unit.flush()
    return server


@pytest.fixture(scope="module")
def measured(portal: Portal) -> Measured:
    return Measured(portal, "measured-01").make(is_over=True)


def open_traffic(visitors: Visitors, measured: Measured, more: str = "", who: str = CLIENT) -> Page:
    page = visitors.signed_in(who)
    while True:
        measured.opened = slot_of(utcnow())
        page.goto(f"/servers/{measured.server_id}?tab=traffic{more}")
        expect(settled(page).locator(".graph-plot canvas")).to_be_visible()
        if measured.opened == slot_of(utcnow()):
            return page  # else a slot ended meanwhile: which one the drawing ends with is not known


def hover(page: Page, part: float) -> str:
    """What is said where the pointer is, at this part of the drawing's width."""
    page.mouse.move(0, 0)
    expect(page.locator(".graph-hover")).to_have_count(0)  # what is said next is not of the place before
    area = page.locator(".graph-plot .u-over").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] * part, area["y"] + area["height"] / 2)
    return re.sub(r"\s+", " ", page.locator(".graph-hover").inner_text())


def part_of(measured: Measured, number: int) -> float:
    """Where the middle of this slot is: 288 slots end with the present one."""
    return (287 - (measured.opened - measured.first) + number + 0.5) / 288


def rate_of(n: int, amount: int) -> int:
    return n * amount * 8 // BILLING_SLOT_S


def table_of(page: Page) -> list[list[str]]:
    """The rows of the table, as numbers without separators, the newest first."""
    page.get_by_text("Show as a table").click()
    rows = page.locator(".graph-rows tbody tr")
    expect(rows.first).to_be_visible()
    texts: list[list[str]] = rows.evaluate_all(
        "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))"
    )
    return [[re.sub(r"\D", "", cell) for cell in row] for row in texts]


def test_a_graph_with_a_gap(visitors: Visitors, measured: Measured) -> None:
    page = open_traffic(visitors, measured)
    numbers = [n for n in range(1, BEFORE + HOLE + AFTER + 1) if not BEFORE < n <= BEFORE + HOLE]
    total = sum(numbers)
    figures = page.locator(".figures")
    expect(figures).to_contain_text(f"{total * IN_BYTES:,} bytes exactly")
    expect(figures).to_contain_text(f"{total * OUT_BYTES:,} bytes exactly")
    billed = numbers[-(-95 * len(numbers) // 100) - 1]
    expect(figures).to_contain_text(f"{rate_of(billed, OUT_BYTES) / 10**6:.1f} Mbit/s")
    expect(figures).to_contain_text(
        re.compile(rf"Samples{len(numbers)}of {len(numbers) + HOLE} five-minute averages; 83\.33 % of")
    )
    gaps = page.get_by_role("table", name="Gaps").locator("tbody tr")
    expect(gaps).to_have_count(1)
    expect(gaps).to_contain_text(
        re.compile(r"The switch did not answer\. Nothing is known about this time\.1h$")
    )

    said = hover(page, part_of(measured, 9))
    assert f"{rate_of(10, IN_BYTES):,} bit/s" in said, said
    assert f"{rate_of(10, OUT_BYTES):,} bit/s" in said, said
    assert "The switch did not answer." in hover(page, part_of(measured, BEFORE + 5))
    assert "Nothing was measured." in hover(page, 0.2)

    page.mouse.move(0, 0)
    expect(page.locator(".graph-hover")).to_have_count(0)
    page.get_by_role("group", name="Traffic of the server").focus()
    last = measured.first + BEFORE + HOLE + AFTER - 1
    for _ in range(measured.opened - last + 1):  # the first press takes the present slot
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("status").filter(has_text="Out")).to_contain_text(
        f"{rate_of(numbers[-1], OUT_BYTES):,} bit/s"
    )


def test_spans_are_addresses(visitors: Visitors, measured: Measured) -> None:
    page = open_traffic(visitors, measured)
    here = f"/servers/{measured.server_id}?tab=traffic"
    for name, span, heading in (
        ("Week", "week", "The last 7 days, an average for every 30 minutes"),
        ("Year", "year", "The last 365 days, an average for every day (UTC)"),
    ):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_url(at(f"{here}&span={span}"))
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Week", exact=True)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("heading", name=re.compile("7 days"))).to_be_visible()
    page.reload()
    expect(settled(page).get_by_role("heading", name=re.compile("7 days"))).to_be_visible()
    page.goto(f"{here}&span=century")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing here")


@pytest.mark.parametrize("span", ["day", "month"])
def test_the_file_is_what_the_page_says(visitors: Visitors, measured: Measured, span: str) -> None:
    while True:
        page = open_traffic(visitors, measured, f"&span={span}")
        with page.expect_download() as started:
            page.get_by_role("link", name="Download CSV").click()
        download = started.value
        if measured.opened == slot_of(utcnow()):
            break  # else a slot ended between the page and the file, and they end at different ones
    assert re.fullmatch(rf"measured-01-traffic-{span}-\d{{4}}-\d\d-\d\d\.csv", download.suggested_filename)
    with Path(download.path()).open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = ["in_bit_s", "out_bit_s"]
    if span != "day":
        columns += ["in_highest_bit_s", "out_highest_bit_s"]
    step = {"day": 300, "month": 7_200}[span]
    wanted = [
        [*(row[column] for column in columns), str((int(row["measured_seconds"]) * 200 + step) // (2 * step))]
        for row in reversed(rows)
    ]
    assert table_of(page) == wanted
    assert sum(bool(row["in_bit_s"]) for row in rows) >= (3 if span == "month" else BEFORE + AFTER)


def test_it_moves_under_the_eyes_and_leaves_zoom_and_pointer(visitors: Visitors, portal: Portal) -> None:
    measured = Measured(portal, "measured-02").make(is_over=False)
    page = open_traffic(visitors, measured)
    area = page.locator(".graph-plot .u-over").bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] * 0.75, middle)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] - 2, middle, steps=4)
    page.mouse.up()
    whole = page.get_by_role("button", name="Whole span")
    expect(whole).to_be_visible()
    said = hover(page, 0.5)
    watched = Watched(page)
    for received, sent, shown in (
        (8_000_000, 24_000_000, r"In\s*8 Mbit/s\s*Out\s*24 Mbit/s"),
        (480_000_000, 1_200_000_000, r"In\s*480 Mbit/s\s*Out\s*1\.2 Gbit/s"),
    ):
        began = measured.add(received, sent).timestamp() * 1_000
        expect(page.locator(".now")).to_have_text(re.compile(shown))
        assert watched.wait_for(shown, after=began) - began < LIVE_WITHIN_MS
        _until(page, lambda: page.locator(".graph-hover").inner_text().split() == said.split())
        expect(whole).to_be_visible()
    whole.click()
    expect(whole).to_be_hidden()
    assert not watched.was_reloaded()


def test_of_nobody_else(visitors: Visitors, measured: Measured) -> None:
    path = f"/servers/{measured.server_id}"
    stranger = visitors.signed_in("lucia@pampa.example", f"{path}?tab=traffic")
    expect(stranger.get_by_role("heading", level=1)).to_have_text(re.compile("Aquí no hay nada|Nothing here"))
    assert stranger.request.get(f"{path}/traffic.csv").status == 404
    assert visitors.stranger().request.get(f"{path}/traffic.csv").status == 401


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pollers_with_the_ports_of_one(visitors: Visitors, portal: Portal, size: dict[str, int]) -> None:
    who = OPERATOR if size is DESKTOP else TECHNICIAN
    page = settled(visitors.signed_in(who, "/pollers", viewport=size))
    switches = page.get_by_role("table", name="Switches")
    expect(switches.locator("tbody tr")).to_have_count(2)
    switches.get_by_role("link", name="prg-sw-01").click()
    number = portal.rows("SELECT id FROM switch WHERE name = 'prg-sw-01'")[0][0]
    expect(page).to_have_url(at(f"/pollers?switch={number}"))
    ports = page.get_by_role("table", name="Ports of prg-sw-01")
    expect(ports.get_by_role("link", name="kyiv-web-02")).to_have_attribute(
        "href", re.compile(r"tab=traffic$")
    )
    _until(page, lambda: fits(page))


def test_a_failing_switch_is_told_live_with_what_to_do(
    visitors: Visitors, portal: Portal, measured: Measured
) -> None:
    number = portal.rows("SELECT id FROM switch WHERE name = 'prg-sw-01'")[0][0]
    page = settled(visitors.signed_in(OPERATOR, "/pollers"))
    watched = Watched(page)
    advice = r"prg-sw-01\s.*Does not answer properly\s.*Check its management network and that SNMP is on"

    def fails() -> bool:
        """Until it is seen: a round that had begun before may say that the switch answers."""
        with measured.unit() as unit:
            recording.record_failures(unit, {number: "switch_unreachable"}, at=utcnow())
        page.wait_for_timeout(500)
        return watched.first_seen(advice) is not None

    # No round may end the failure before the page has told it.
    portal.rows("UPDATE switch_poll SET due_at = now() + interval '1 hour' WHERE switch_id = %s", number)
    try:
        _until(page, fails)
    finally:
        portal.rows("UPDATE switch_poll SET due_at = now() WHERE switch_id = %s", number)
    answers = r"prg-sw-01\s.*\bAnswers\b.*vie-sw-01"  # as soon as the next round has asked it
    watched.wait_for(answers, after=watched.wait_for(advice) + 1)


def _until(page: Page, condition: Callable[[], bool]) -> None:
    """What is recorded in the page is asked for until it is there."""
    deadline = utcnow() + dt.timedelta(milliseconds=LIVE_WITHIN_MS)
    while not condition():
        assert utcnow() < deadline, page.locator("main").inner_text()
        page.wait_for_timeout(100)
