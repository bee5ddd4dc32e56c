"""Two of everything at once. Each race is arranged, so that without its lock it is lost every time."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from opsportal.db import Unit, unit_of_work
from opsportal.domain.inventory import switch_records
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.traffic import days, hot, recording, rounds, series
from opsportal.domain.traffic.links import Tenure
from opsportal.domain.traffic.rounds import Place
from opsportal.domain.traffic.slots import slot_of, to_ms
from opsportal.domain.traffic.snmp_access import SnmpAccess
from opsportal.models import SwitchPoll, TrafficDay, TrafficHot
from tests.builders import make_raised
from tests.integration.test_protections import IS_TAKEN_OUT, take_out
from tests.integration.traffic.ports import SLOT, FakeSwitch, compact

pytestmark = pytest.mark.usefixtures("portal")
NOON = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
MEETING_S = 0.5


def both(work: Callable[[], object]) -> list[BaseException]:
    """Runs it twice at once; what went wrong."""
    wrong: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            wrong.append(error)

    racers = [threading.Thread(target=run) for _ in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return wrong


def meet(monkeypatch: pytest.MonkeyPatch, module: object, name: str, *, is_locked: bool) -> None:
    """Whoever gets there waits for the other one, for a while: with a lock before it nobody else comes.

    Without it the other one does, however busy the machine is.
    """
    gate = threading.Barrier(2)
    original = getattr(module, name)

    def waiting(*arguments: object, **named: object) -> object:
        found = original(*arguments, **named)
        with suppress(threading.BrokenBarrierError):
            gate.wait(MEETING_S if is_locked else 60)
        return found

    monkeypatch.setattr(module, name, waiting)


def _counted() -> int:
    with unit_of_work() as unit:
        return sum(row.in_sum for row in unit.exec(select(TrafficDay)))


@pytest.fixture
def switch() -> FakeSwitch:
    made = FakeSwitch(NOON, ("a",))
    made.poll()
    made.move("a", 5_000, 0)
    made.poll(SLOT)
    return made


def test_two_compactions_add_each_sample_once(switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    compact()  # the day's row is there
    switch.move("a", 70, 0)
    switch.poll(SLOT)
    meet(monkeypatch, hot, "list_samples", is_locked=True)
    assert both(compact) == []
    assert _counted() == 5_070


def test_without_its_lock_compaction_would_count_twice(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hole that the test above must catch."""
    compact()
    switch.move("a", 70, 0)
    switch.poll(SLOT)
    monkeypatch.setattr(SelectOfScalar, "with_for_update", lambda self, **_: self)
    meet(monkeypatch, hot, "list_samples", is_locked=False)
    both(compact)
    assert _counted() == 5_140


def _record(switch: FakeSwitch) -> Callable[[], object]:
    at_ms = to_ms(switch.now + SLOT)
    uptime = (at_ms - to_ms(switch.booted_at)) // 10
    reading = (switch.ports["a"], at_ms, uptime, switch.octets["a"][0], switch.octets["a"][1], 0, True)
    with unit_of_work() as unit:
        ports = {port.port_id: port for port in rounds.list_ports(unit, [switch.switch_id])[switch.switch_id]}

    def work() -> None:
        with unit_of_work() as unit:
            answer = recording.SwitchReadings(switch.switch_id, [reading], 1)
            recording.record_round(unit, [answer], ports, at=switch.now)

    return work


def _samples() -> list[int | None]:
    with unit_of_work() as unit:
        return list(unit.exec(select(TrafficHot.in_bytes).order_by(col(TrafficHot.ts))))


def test_the_same_round_twice_at_once_is_stored_once(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.move("a", 70, 0)
    meet(monkeypatch, recording, "_lock", is_locked=True)
    assert both(_record(switch)) == []
    assert _samples() == [5_000, 70]


def test_without_its_lock_a_round_would_be_stored_twice(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hole that the test above must catch: here only the table's key stops the second one."""
    switch.move("a", 70, 0)

    def unlocked(unit: Unit, switch_ids: list[int]) -> dict[int, object]:
        return {
            poll.switch_id: recording._Locked(poll.baseline, poll.last_sample_at)
            for poll in unit.exec(select(SwitchPoll))
        }

    monkeypatch.setattr(recording, "_lock", unlocked)
    meet(monkeypatch, recording, "_lock", is_locked=False)
    assert len(both(_record(switch))) == 1


@IS_TAKEN_OUT
def test_a_correction_waits_for_what_is_being_stored(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """It comes right after the round has seen that the switch is still there: it would end before the round does,
    and what it had emptied would be filled again."""
    if is_taken_out:
        take_out(monkeypatch, rounds, "lock_where_asked", " FOR UPDATE", "")
    new = SwitchRecord("moved", "Hall", "127.0.0.2", 161, SnmpAccess("public"))
    actor = make_raised()
    with unit_of_work() as storing:
        asked = {switch.switch_id: Place("127.0.0.1", 161)}
        assert rounds.lock_where_asked(storing, asked) == {switch.switch_id}
        with unit_of_work() as unit:
            unit.execute(text("SET LOCAL lock_timeout = '50ms'"))
            if is_taken_out:
                switch_records.correct(unit, actor, switch.switch_id, new)
            else:
                with pytest.raises(OperationalError, match="lock timeout"):
                    switch_records.correct(unit, actor, switch.switch_id, new)
                unit.rollback()


@pytest.mark.parametrize(
    ("module", "step"), [(series, "_compacted"), (days, "read_days"), (hot, "list_samples")]
)
def test_a_sum_read_while_compaction_ends_has_every_byte_once(
    switch: FakeSwitch, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    original = getattr(module, step)

    def read(*arguments: Any, **named: Any) -> object:
        found = original(*arguments, **named)
        monkeypatch.setattr(module, step, original)
        compaction = threading.Thread(target=compact)
        compaction.start()
        compaction.join()
        return found

    monkeypatch.setattr(module, step, read)
    first = slot_of(NOON)
    with unit_of_work() as unit:
        tenures = [Tenure(switch.ports["a"], first, first + 12)]
        window = series.read_series(unit, tenures, first=first, end=first + 12)
    assert (_counted(), window.in_total + window.out_total) == (5_000, 5_000)
