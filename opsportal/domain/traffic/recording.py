"""What a round of polling has brought, into the tables. One transaction a round; nothing of it is half kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import text
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic import hot, topics
from opsportal.domain.traffic.baselines import pack_baseline, unpack_baseline
from opsportal.domain.traffic.counters import REBOOT, TOO_FAST, Counters, Sample, difference
from opsportal.domain.traffic.slots import from_ms
from opsportal.models import GapCause, SwitchGap, SwitchPoll


class PolledPort(NamedTuple):
    """A port on record, as far as a round needs it."""

    port_id: int
    if_index: int
    counter_bits: int
    speed_mbps: int | None
    is_up: bool | None
    server_id: int | None
    company_id: int | None


class PortReading(NamedTuple):
    """What one port said."""

    port_id: int
    counters: Counters
    is_up: bool | None


@dataclass(frozen=True, slots=True)
class SwitchReadings:
    """What one switch said, whole."""

    switch_id: int
    readings: Sequence[PortReading]
    poll_ms: int


@dataclass(slots=True)
class Round:
    """What was made of it."""

    samples: int = 0
    suspect_switches: set[int] = field(default_factory=set)
    """Had a port above its speed: the speed on record may be old."""


def record_round(
    unit: Unit, answers: Sequence[SwitchReadings], ports: Mapping[int, PolledPort], *, at: dt.datetime
) -> Round:
    """Compute and store samples from readings, and make the readings the new baseline.

    The switches' rows are locked and the baseline is read under the lock: a round that was overtaken by
    another finds readings newer than its own, and leaves them alone.
    """
    result = Round()
    ids = [answer.switch_id for answer in answers]
    locked = {
        poll.switch_id: poll
        for poll in unit.exec(
            select(SwitchPoll)
            .where(col(SwitchPoll.switch_id).in_(ids))
            .order_by(col(SwitchPoll.switch_id))
            .with_for_update()
        )
    }
    _close_gaps(unit, list(locked), at)
    samples: list[tuple[int, Sample]] = []
    for answer in answers:
        if (poll := locked.get(answer.switch_id)) is not None:
            fresh = _samples(answer, ports, poll)
            _note(unit, poll, answer, fresh, result)
            samples += fresh
    hot.store_samples(unit, samples)
    result.samples = len(samples)
    _keep_status(unit, answers, ports)
    _announce(unit, [port_id for port_id, _ in samples], ports)
    return result


def _samples(
    answer: SwitchReadings, ports: Mapping[int, PolledPort], poll: SwitchPoll
) -> list[tuple[int, Sample]]:
    baseline = unpack_baseline(poll.baseline)
    samples: list[tuple[int, Sample]] = []
    for port_id, counters, _ in answer.readings:
        before = baseline.get(port_id)
        if before is not None:
            port = ports[port_id]
            sample = difference(before, counters, bits=port.counter_bits, speed_mbps=port.speed_mbps)
            if sample is None:
                continue
            samples.append((port_id, sample))
        baseline[port_id] = counters
    poll.baseline = pack_baseline(baseline)
    return samples


def _note(
    unit: Unit,
    poll: SwitchPoll,
    answer: SwitchReadings,
    samples: Sequence[tuple[int, Sample]],
    result: Round,
) -> None:
    poll.poll_ms, poll.error_code, poll.failed_since = answer.poll_ms, None, None
    if not answer.readings:
        return
    newest = from_ms(max(reading.counters.at_ms for reading in answer.readings))
    if samples and all(sample.flags & REBOOT for _, sample in samples) and poll.last_sample_at:
        unit.add(
            SwitchGap(
                switch_id=poll.switch_id,
                started_at=poll.last_sample_at,
                ended_at=newest,
                cause=GapCause.REBOOT,
            )
        )
    if any(sample.flags & TOO_FAST for _, sample in samples):
        result.suspect_switches.add(poll.switch_id)
        poll.discovered_at = None
    if poll.last_sample_at is None or newest > poll.last_sample_at:
        poll.last_sample_at = newest


def record_failures(unit: Unit, failures: Mapping[int, str], *, at: dt.datetime) -> None:
    """Switches that gave nothing, with the error's code. Their baselines stay: counting goes on from there."""
    for poll in unit.exec(
        select(SwitchPoll)
        .where(col(SwitchPoll.switch_id).in_(failures))
        .order_by(col(SwitchPoll.switch_id))
        .with_for_update()
    ):
        poll.error_code = failures[poll.switch_id]
        if poll.failed_since is None:
            poll.failed_since = at
            unit.add(
                SwitchGap(
                    switch_id=poll.switch_id, started_at=poll.last_sample_at or at, cause=GapCause.SILENT
                )
            )
    unit.changed(topics.POLLERS)


def _close_gaps(unit: Unit, switch_ids: Sequence[int], at: dt.datetime) -> None:
    query = select(SwitchGap).where(
        col(SwitchGap.switch_id).in_(switch_ids), col(SwitchGap.ended_at).is_(None)
    )
    for gap in unit.exec(query):
        gap.ended_at = at


def _keep_status(unit: Unit, answers: Sequence[SwitchReadings], ports: Mapping[int, PolledPort]) -> None:
    changed = [
        (reading.port_id, reading.is_up)
        for answer in answers
        for reading in answer.readings
        if reading.is_up is not ports[reading.port_id].is_up
    ]
    if changed:
        unit.execute(
            text(
                "UPDATE switch_port SET is_up = new.is_up FROM unnest(CAST(:ids AS bigint[]),"
                " CAST(:ups AS boolean[])) AS new(id, is_up) WHERE switch_port.id = new.id"
            ),
            {"ids": [port for port, _ in changed], "ups": [up for _, up in changed]},
        )


def _announce(unit: Unit, port_ids: Sequence[int], ports: Mapping[int, PolledPort]) -> None:
    unit.changed(topics.POLLERS)
    for port_id in port_ids:
        port = ports[port_id]
        if port.server_id is not None:
            unit.topics.add(topics.server(port.server_id))
            if port.company_id is not None:
                unit.topics.add(topics.company(port.company_id))
