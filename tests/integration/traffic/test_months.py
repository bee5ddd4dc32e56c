"""Percentiles of whole months, from samples through the roll-up to what pages, files and invoices say.

Every expected figure was computed by hand. The k-th measured slot of a month received k x 37,500 bytes in 300 s,
which is k kbit/s, and sent as much as its mirror image received: of n slots, n + 1 - k kbit/s. Each rate from 1 to
n kbit/s occurs once in each direction, so that the value of rank r is r kbit/s, and r = ceil(0.95 n).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass

import pytest
from sqlmodel import col, select

from opsportal.components.labels import PERCENTILE
from opsportal.db import unit_of_work
from opsportal.domain.billing import calendar
from opsportal.domain.traffic import hot, overages
from opsportal.domain.traffic.counters import INTERPOLATED, MEASURED, REBOOT, Sample
from opsportal.domain.traffic.cycles import Cycle, cycle_on
from opsportal.domain.traffic.figures import PercentileMethod, Span
from opsportal.domain.traffic.graphs import read_graph
from opsportal.domain.traffic.samples import read_samples
from opsportal.domain.traffic.slots import SLOT_MS, from_ms, to_ms
from opsportal.domain.traffic.usage import ServiceUsage, usage_of_service
from opsportal.models import (
    Invoice,
    Plan,
    Server,
    Service,
    TaxRate,
    TrafficAction,
    TrafficAllowance,
    TrafficDay,
    TrafficPrice,
)
from opsportal.state.traffic.cycle import read_cycle
from opsportal.web.traffic_samples import written
from tests.builders import make_actor, make_company, make_server, make_service
from tests.integration.traffic.ports import FakeSwitch, compact

pytestmark = pytest.mark.usefixtures("portal")
KBIT = 37_500
"""Bytes in five minutes that are one kbit/s: 37,500 x 8 / 300 = 1,000."""
FLOOD = 10**12
"""In the slots right before and right after a month: one of them inside it would be seen."""
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Month:
    """What is to come out, in kbit/s. `n`: its slots, of which each hour has 12; `rank`: ceil(0.95 n).

    `larger`: per slot the larger of k and n + 1 - k, which are the rates n/2 + 1 … n, each twice: the value of rank
    r is n/2 + ceil(r/2). `sum`: n + 1 in every slot.
    """

    first: dt.date
    begins: str
    ends: str
    n: int
    rank: int
    larger: int


MONTHS = {
    # 28 x 288 = 8,064 slots; 0.95 x 8,064 = 7,660.8; 4,032 + 3,831 (half of 7,661, upwards)
    "28 days": Month(dt.date(2023, 2, 1), "2023-01-31T23:00", "2023-02-28T23:00", 8_064, 7_661, 7_863),
    # 30 x 288 = 8,640; 0.95 x 8,640 = 8,208 exactly; 4,320 + 4,104
    "30 days": Month(dt.date(2023, 6, 1), "2023-05-31T22:00", "2023-06-30T22:00", 8_640, 8_208, 8_424),
    # 31 x 288 = 8,928; 0.95 x 8,928 = 8,481.6; 4,464 + 4,241
    "31 days": Month(dt.date(2023, 5, 1), "2023-04-30T22:00", "2023-05-31T22:00", 8_928, 8_482, 8_705),
    # On 26 March an hour is missing in Prague: 8,928 - 12 = 8,916; 0.95 x 8,916 = 8,470.2; 4,458 + 4,236
    "an hour short": Month(dt.date(2023, 3, 1), "2023-02-28T23:00", "2023-03-31T22:00", 8_916, 8_471, 8_694),
    # On 29 October one comes twice: 8,928 + 12 = 8,940; 0.95 x 8,940 = 8,493 exactly; 4,470 + 4,247
    "an hour long": Month(dt.date(2023, 10, 1), "2023-09-30T22:00", "2023-10-31T23:00", 8_940, 8_493, 8_717),
}


class Metered:
    """A server whose service has its cycle from the first of each month on, and the port behind it."""

    def __init__(self, begins: dt.datetime) -> None:
        self.company = make_company()
        self.service = make_service(self.company, anchor_day=1)
        self.server: Server = make_server(self.service)
        self.actor = make_actor(company=self.company)
        switch = FakeSwitch(begins - DAY)
        switch.connect("ge-0/0/0", self.server)
        self.port = switch.ports["ge-0/0/0"]

    def store(self, samples: list[Sample]) -> None:
        """As the poller stores them; then only the roll-up is left, as in a month that is over."""
        with unit_of_work() as unit:
            hot.ensure_days(unit, {from_ms(sample.at_ms).date() for sample in samples})
        with unit_of_work() as unit:
            hot.store_samples(unit, [(self.port, sample) for sample in samples])
        compact()
        with unit_of_work() as unit:
            unit.connection().exec_driver_sql("DELETE FROM traffic_hot")

    def usage(self, cycle: Cycle, method: PercentileMethod = PercentileMethod.MAX_OF_P95) -> ServiceUsage:
        with unit_of_work() as unit:
            number = self.service.id or 0
            return usage_of_service(unit, number, start=cycle.start, end=cycle.end, method=method)

    def cycle(self, day: dt.date) -> Cycle:
        with unit_of_work() as unit:
            return cycle_on(unit.get_one(Service, self.service.id), day)

    def bills(self) -> None:
        """Its plan includes nothing, and bills each megabyte."""
        with unit_of_work() as unit:
            plan = Plan(family="server", name=f"metered {self.service.id}")
            unit.add(plan)
            unit.flush()
            unit.get_one(Service, self.service.id).plan_id = plan.id or 0
            terms = {"action": TrafficAction.BILL, "included_bytes": 1, "unit_bytes": 1_000_000}
            since = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
            unit.add(TrafficAllowance(plan_id=plan.id or 0, in_force_since=since, **terms))
            unit.flush()
            unit.add(TrafficPrice(plan_id=plan.id or 0, currency="EUR", price_minor=1))
            if unit.exec(select(TaxRate)).first() is None:
                unit.add(TaxRate(country="CZ", rate_bp=2_100, valid_from=dt.date(2020, 1, 1)))


def _utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def _sample(end_ms: int, received: int, sent: int, slots: int = 1, flags: int = MEASURED) -> Sample:
    """What the switch counted in so many slots: its `in` is what the server has sent."""
    return Sample(end_ms, slots * SLOT_MS, sent, received, flags)


@pytest.mark.parametrize("name", MONTHS)
def test_a_month_computed_by_hand(name: str) -> None:
    month = MONTHS[name]
    begins, n = _utc(month.begins), month.n
    metered = Metered(begins)
    start = to_ms(begins)
    rates = [(FLOOD, FLOOD), *((k * KBIT, (n + 1 - k) * KBIT) for k in range(1, n + 1)), (FLOOD, FLOOD)]
    metered.store([_sample(start + k * SLOT_MS, *rate) for k, rate in enumerate(rates)])

    cycle = metered.cycle(month.first)
    assert (cycle.start, cycle.end) == (begins, _utc(month.ends))
    billed = {
        PercentileMethod.MAX_OF_P95: month.rank,
        PercentileMethod.SUM_OF_P95: 2 * month.rank,
        PercentileMethod.P95_OF_LARGER: month.larger,
        PercentileMethod.P95_OF_SUM: n + 1,
    }
    for method, kbits in billed.items():
        found = metered.usage(cycle, method).percentile
        assert (found.billed_bps, found.method) == (kbits * 1_000, method.value)
        assert (found.in_bps, found.out_bps) == (month.rank * 1_000, month.rank * 1_000)
        assert (found.samples, found.expected, found.coverage_bp) == (n, n, 10_000)
        assert found.method in PERCENTILE  # the page names it in words

    used = KBIT * n * (n + 1)  # twice the sum of 1 … n
    metered.bills()
    in_the_month = begins + 14 * DAY
    with calendar.as_of(in_the_month), unit_of_work() as unit:
        page = read_cycle(unit, metered.actor, metered.server.id or 0)
        file = read_samples(metered.actor, unit, metered.service.id or 0)
    assert (page.first, page.used_bytes) == (month.first.isoformat(), str(used))
    assert (page.billed_bps, page.coverage_bp) == (month.rank * 1_000, 10_000)
    rows = list(csv.DictReader(io.StringIO(written(file.rows))))
    assert (rows[0]["from_utc"], rows[-1]["until_utc"]) == (f"{month.begins}:00Z", f"{month.ends}:00Z")
    assert [int(row["in_bit_s"]) for row in rows] == [k * 1_000 for k in range(1, n + 1)]

    with calendar.as_of(cycle.end + dt.timedelta(hours=3)), unit_of_work() as unit:
        overage = overages.bill_last_cycle(unit, metered.service.id or 0)
        assert overage is not None
        invoice = unit.get_one(Invoice, overage.invoice_id)
    assert (overage.used_bytes, overage.cycle_start) == (used, month.first)
    assert invoice.net_minor == -(-(used - 1) // 1_000_000)  # a cent for each megabyte begun


def test_a_month_with_gaps_and_missed_polls() -> None:
    """June: 8,640 slots, of which 240 are lost by a reboot, and one hour came in one answer.

    8,400 are measured: rank 0.95 x 8,400 = 7,980, coverage 8,400 of 8,640 = 97.22 %. The twelve slots of the hour
    would have had 7,976 … 7,987 kbit/s; their bytes are exact and spread evenly, which is the mean of these,
    7,981.5 kbit/s, twelve times. 7,975 slots are below, so that rank 7,980 is one of the twelve.

    Gaps as zeros would give rank 8,208 - 240 = 7,968; without the hour it would be rank ceil(0.95 x 8,388) = 7,969.
    """
    begins = _utc("2023-05-31T22:00")
    metered = Metered(begins)
    start, samples, slot = to_ms(begins), [], 0
    k = 0
    while k < 8_400:
        if slot == 1_000:  # the reboot: 240 slots of which nobody knows anything
            slot += 240
            samples.append(Sample(start + slot * SLOT_MS, 240 * SLOT_MS, None, None, REBOOT))
            continue
        missed = 12 if k == 7_975 else 1
        received = sum(range(k + 1, k + missed + 1)) * KBIT
        k, slot = k + missed, slot + missed
        flags = MEASURED | (INTERPOLATED if missed > 1 else 0)
        samples.append(_sample(start + slot * SLOT_MS, received, missed * KBIT, missed, flags))
    assert slot == 8_640
    metered.store(samples)

    cycle = metered.cycle(dt.date(2023, 6, 1))
    assert from_ms(start + slot * SLOT_MS) == cycle.end
    used = metered.usage(cycle)
    assert (used.percentile.billed_bps, used.percentile.out_bps) == (7_981_500, 1_000)
    assert (used.percentile.samples, used.percentile.expected, used.percentile.coverage_bp) == (
        8_400,
        8_640,
        9_722,
    )
    assert used.totals.in_bytes == KBIT * 8_400 * 8_401 // 2  # nothing invented, repeated or dropped
    with calendar.as_of(begins + 14 * DAY), unit_of_work() as unit:
        page = read_cycle(unit, metered.actor, metered.server.id or 0)
        file = read_samples(metered.actor, unit, metered.service.id or 0)
        days = unit.exec(select(TrafficDay.samples).order_by(col(TrafficDay.day))).all()
    assert (page.billed_bps, page.coverage_bp) == (7_981_500, 9_722)
    assert sum(days) == 8_400
    assert [row.flags for row in file.rows[999:1_241]] == ["", *["reboot"] * 240, ""]
    assert sum(row.flags == "interpolated" for row in file.rows) == 12
    # The month's graph ends with the cycle: 360 points of two hours, thirty days. Its percentile is the same.
    with unit_of_work() as unit:
        graph = read_graph(metered.actor, unit, metered.server.id or 0, span=Span.MONTH, at=cycle.end)
    assert (graph.percentile.billed_bps, graph.percentile.samples) == (7_981_500, 8_400)
    assert [(gap.cause, gap.end - gap.start) for gap in graph.gaps] == [
        ("reboot", 240 * dt.timedelta(minutes=5))
    ]
