"""From readings to samples to days: each byte once, whatever is repeated, killed or overtaken."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.traffic import compaction, hot, recording
from opsportal.domain.traffic.counters import INTERPOLATED, MEASURED, REBOOT, TOO_FAST, WRAPPED, Sample
from opsportal.domain.traffic.packing import unpack
from opsportal.domain.traffic.slots import from_ms, to_ms
from opsportal.models import GapCause, SwitchGap, SwitchPort, TrafficDay, TrafficHot
from tests.integration.traffic.ports import MINUTE, SLOT, FakeSwitch, compact

pytestmark = pytest.mark.usefixtures("portal")
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)


@pytest.fixture
def switch() -> FakeSwitch:
    return FakeSwitch(NOON)


def samples(
    switch: FakeSwitch, name: str = "ge-0/0/0"
) -> list[tuple[dt.datetime, int, int | None, int | None, int]]:
    with unit_of_work() as unit:
        rows = unit.exec(
            select(TrafficHot)
            .where(col(TrafficHot.port_id) == switch.ports[name])
            .order_by(col(TrafficHot.ts))
        )
        return [(row.ts, row.interval_ms, row.in_bytes, row.out_bytes, row.flags) for row in rows]


def days() -> list[TrafficDay]:
    with unit_of_work() as unit:
        return list(unit.exec(select(TrafficDay).order_by(col(TrafficDay.port_id), col(TrafficDay.day))))


def test_the_first_reading_is_a_baseline_and_the_next_a_sample(switch: FakeSwitch) -> None:
    assert switch.poll().samples == 0
    switch.move("ge-0/0/0", 1_500, 64)
    assert switch.poll(SLOT).samples == 2
    assert samples(switch) == [(NOON + SLOT, 300_000, 1_500, 64, MEASURED)]
    assert samples(switch, "ge-0/0/1") == [(NOON + SLOT, 300_000, 0, 0, MEASURED)]


def test_the_same_reading_twice_counts_once(switch: FakeSwitch) -> None:
    switch.poll()
    switch.move("ge-0/0/0", 1_500, 64)
    switch.poll(SLOT)
    assert switch.poll().samples == 0
    switch.move("ge-0/0/0", 10, 0)
    switch.poll(SLOT)
    assert [row[2] for row in samples(switch)] == [1_500, 10]


def test_a_round_that_was_overtaken_changes_nothing(switch: FakeSwitch) -> None:
    switch.poll()
    switch.move("ge-0/0/0", 1_000, 0)
    switch.poll(2 * SLOT)
    before = samples(switch), switch.state().baseline, switch.state().last_sample_at
    switch.octets["ge-0/0/0"][0] -= 400  # what an older reading, stored late, would say
    assert switch.poll(-SLOT).samples == 0
    assert (samples(switch), switch.state().baseline, switch.state().last_sample_at) == before


def test_a_reboot_leaves_a_gap_with_its_cause_and_counting_goes_on(switch: FakeSwitch) -> None:
    switch.poll()
    switch.poll(SLOT)
    switch.now += 2 * MINUTE
    switch.reboot()
    switch.move("ge-0/0/0", 700, 0)
    switch.poll(3 * MINUTE)
    switch.move("ge-0/0/0", 300, 0)
    switch.poll(SLOT)
    assert [row[2:] for row in samples(switch)] == [
        (0, 0, MEASURED),
        (None, None, REBOOT),
        (300, 0, MEASURED),
    ]
    with unit_of_work() as unit:
        gap = unit.exec(select(SwitchGap)).one()
    assert (gap.cause, gap.started_at, gap.ended_at) == (GapCause.REBOOT, NOON + SLOT, NOON + 2 * SLOT)


def test_a_wrap_is_no_loss(switch: FakeSwitch) -> None:
    switch.octets["ge-0/0/0"] = [2**64 - 100, 5]
    switch.poll()
    switch.move("ge-0/0/0", 350, 0)
    switch.poll(SLOT)
    assert samples(switch)[0][2:] == (350, 0, MEASURED | WRAPPED)


def test_after_silence_the_bytes_are_all_there_spread_over_the_missed_slots(switch: FakeSwitch) -> None:
    switch.poll()
    with unit_of_work() as unit:
        recording.record_failures(unit, {switch.switch_id: "switch_unreachable"}, at=NOON + SLOT)
    assert (switch.state().error_code, switch.state().failed_since) == ("switch_unreachable", NOON + SLOT)
    switch.move("ge-0/0/0", 1_200, 12)
    switch.poll(12 * SLOT)
    assert samples(switch)[0] == (NOON + 12 * SLOT, 3_600_000, 1_200, 12, MEASURED | INTERPOLATED)
    compact()
    slots = unpack(days()[0].slots)
    assert slots.in_bytes[144:156].tolist() == [100] * 12
    assert set(slots.flags[144:156]) == {MEASURED | INTERPOLATED}
    assert (switch.state().error_code, switch.state().failed_since) == (None, None)
    with unit_of_work() as unit:
        gap = unit.exec(select(SwitchGap)).one()
    assert (gap.cause, gap.started_at, gap.ended_at) == (GapCause.SILENT, NOON, NOON + 12 * SLOT)


def test_more_than_the_port_can_do_is_flagged_and_the_speed_is_looked_up_again(switch: FakeSwitch) -> None:
    switch.poll()
    switch.move("ge-0/0/0", 400_000_000_000, 0)
    done = switch.poll(SLOT)
    assert samples(switch)[0][2:] == (None, None, TOO_FAST)
    assert done.suspect_switches == {switch.switch_id}
    assert switch.state().discovered_at is None


def test_a_port_is_its_name_wherever_its_index_moves(switch: FakeSwitch) -> None:
    switch.poll()
    before = switch.ports.copy()
    switch.discover(("ge-0/0/1", "ge-0/0/0"), first_index=7)
    assert switch.ports == before
    switch.move("ge-0/0/0", 42, 0)
    switch.poll(SLOT)
    assert samples(switch)[0][2:] == (42, 0, MEASURED)


def test_a_port_that_is_gone_keeps_its_history(switch: FakeSwitch) -> None:
    switch.poll()
    switch.poll(SLOT)
    switch.discover(("ge-0/0/1",))
    with unit_of_work() as unit:
        port = unit.get_one(SwitchPort, switch.ports["ge-0/0/0"])
    assert port.if_index is None
    assert len(samples(switch)) == 1


def test_wider_counters_are_a_new_beginning(switch: FakeSwitch) -> None:
    switch.poll()
    switch.bits = 32
    switch.octets = {name: [5, 5] for name in switch.names}
    switch.discover(switch.names)
    assert switch.poll(SLOT).samples == 0


def test_compaction_twice_is_compaction_once(switch: FakeSwitch) -> None:
    switch.poll()
    for _ in range(30):
        switch.move("ge-0/0/0", 1_001, 999)
        switch.poll(MINUTE * 7)
    assert compact() > 0
    first = [row.model_dump() for row in days()]
    assert compact() == 0
    assert [row.model_dump() for row in days()] == first
    assert (first[0]["in_sum"], first[0]["out_sum"]) == (30 * 1_001, 30 * 999)


def test_a_port_without_any_sample_does_not_make_the_others_be_read_again(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.discover((*switch.names, "dark"))
    read: list[dict[int, list[Sample]]] = []
    original = hot.list_samples

    def watched(*arguments: Any) -> dict[int, list[Sample]]:
        read.append(original(*arguments))
        return read[-1]

    monkeypatch.setattr(hot, "list_samples", watched)
    switch.poll()
    switch.poll(SLOT)
    compact()
    compact()
    assert [sum(map(len, found.values())) > 0 for found in read] == [True, False]


def test_compaction_after_every_poll_gives_what_one_at_the_end_gives() -> None:
    often, once = FakeSwitch(NOON, ("a",)), FakeSwitch(NOON, ("a",))
    for number in range(25):
        for one in (often, once):
            one.move("a", number * 7_919, number * 104_729)
            one.poll(dt.timedelta(seconds=137 + number))
        compact(often.ports["a"], often.ports["a"])
    compact(once.ports["a"], once.ports["a"])
    left, right = days()
    assert (left.in_sum, left.out_sum, left.covered_s, left.flags) == (
        right.in_sum, right.out_sum, right.covered_s, right.flags,
    )  # fmt: skip
    assert unpack(left.slots) == unpack(right.slots)


def test_a_sample_over_midnight_belongs_to_both_days(switch: FakeSwitch) -> None:
    switch.now = dt.datetime(2026, 3, 10, 23, 50, tzinfo=dt.UTC)
    switch.poll()
    switch.move("ge-0/0/0", 1_000, 0)
    switch.poll(4 * SLOT)
    compact()
    mine = [row for row in days() if row.port_id == switch.ports["ge-0/0/0"]]
    assert [(row.day.day, row.in_sum, row.covered_s) for row in mine] == [(10, 500, 600), (11, 500, 600)]


def test_a_compaction_that_is_killed_before_its_commit_leaves_nothing(switch: FakeSwitch) -> None:
    switch.poll()
    switch.move("ge-0/0/0", 5_000, 0)
    switch.poll(SLOT)

    def die(unit: Unit) -> None:
        compaction.compact(unit, first_port=1, last_port=10_000)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), unit_of_work() as unit:
        die(unit)
    assert days() == []
    compact()
    assert days()[0].in_sum == 5_000


def test_old_days_of_samples_go_only_when_they_are_compacted(switch: FakeSwitch) -> None:
    switch.poll()
    switch.move("ge-0/0/0", 5_000, 0)
    switch.poll(SLOT)
    later = NOON + dt.timedelta(days=4)
    with unit_of_work() as unit:
        assert hot.drop_old_days(unit, later) == 0
    assert len(samples(switch)) == 1
    compact()
    with unit_of_work() as unit:
        assert hot.drop_old_days(unit, NOON + dt.timedelta(hours=47)) == 0
        assert hot.drop_old_days(unit, later) == 1
    assert samples(switch) == []
    assert days()[0].in_sum == 5_000


def test_samples_are_stored_as_they_are(switch: FakeSwitch) -> None:
    at = to_ms(NOON)
    wanted = [
        (1, Sample(at, 2**40, 2**62, 0, 63)),
        (2, Sample(at + 1, 1, None, None, REBOOT)),
        (2**50, Sample(at + 999, 300_000, 7, 8, MEASURED)),
    ]
    with unit_of_work() as unit:
        hot.ensure_days(unit, [NOON.date()])
        hot.store_samples(unit, wanted)
    with unit_of_work() as unit:
        assert hot.list_samples(unit, dict.fromkeys([1, 2, 2**50], NOON - SLOT)) == {
            p: [s] for p, s in wanted
        }
        assert unit.execute(text("SELECT max(ts) FROM traffic_hot")).scalar() == from_ms(at + 999)
