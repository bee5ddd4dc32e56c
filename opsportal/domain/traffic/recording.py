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


PortReading = tuple[int, int, int, int, int, int | None, bool | None]
"""What one port said: its id, the fields of `Counters`, and whether it is up."""


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
    locked = _lock(unit, [answer.switch_id for answer in answers])
    _close_gaps(unit, list(locked), at)
    samples: list[tuple[int, Sample]] = []
    states: list[_State] = []
    for answer in answers:
        if (poll := locked.get(answer.switch_id)) is not None:
            fresh, baseline = _samples(answer, ports, poll.baseline)
            states.append(_State(answer, poll, fresh, baseline))
            samples += fresh
    hot.store_samples(unit, samples)
    _keep_states(unit, states, result)
    _keep_status(unit, answers, ports)
    _announce(unit, [port_id for port_id, _ in samples], ports)
    result.samples = len(samples)
    return result


class _Locked(NamedTuple):
    baseline: bytes
    last_sample_at: dt.datetime | None


class _State(NamedTuple):
    answer: SwitchReadings
    before: _Locked
    samples: list[tuple[int, Sample]]
    baseline: bytes


def _lock(unit: Unit, switch_ids: Sequence[int]) -> dict[int, _Locked]:
    rows = unit.execute(
        text(
            "SELECT switch_id, baseline, last_sample_at FROM switch_poll WHERE switch_id = ANY(:ids)"
            " ORDER BY switch_id FOR UPDATE"
        ),
        {"ids": list(switch_ids)},
    )
    return {switch_id: _Locked(baseline, last) for switch_id, baseline, last in rows}


def _samples(
    answer: SwitchReadings, ports: Mapping[int, PolledPort], stored: bytes
) -> tuple[list[tuple[int, Sample]], bytes]:
    """The new samples of a switch, and its new baseline."""
    baseline = unpack_baseline(stored)
    samples: list[tuple[int, Sample]] = []
    for port_id, at_ms, uptime, octets_in, octets_out, broken, _ in answer.readings:
        counters = Counters(at_ms, uptime, octets_in, octets_out, broken)
        before = baseline.get(port_id)
        if before is not None:
            port = ports[port_id]
            sample = difference(before, counters, bits=port.counter_bits, speed_mbps=port.speed_mbps)
            if sample is None:
                continue
            samples.append((port_id, sample))
        baseline[port_id] = counters
    return samples, pack_baseline(baseline)


def _keep_states(unit: Unit, states: Sequence[_State], result: Round) -> None:
    """Write how polling of each switch stands: one statement for all."""
    rows = []
    for answer, before, samples, baseline in states:
        newest = from_ms(max((reading[1] for reading in answer.readings), default=0))
        last = max(filter(None, (before.last_sample_at, newest if answer.readings else None)), default=None)
        if samples and before.last_sample_at and all(sample.flags & REBOOT for _, sample in samples):
            cause = GapCause.REBOOT
            unit.add(_gap(answer.switch_id, before.last_sample_at, newest, cause))
        is_suspect = any(sample.flags & TOO_FAST for _, sample in samples)
        if is_suspect:
            result.suspect_switches.add(answer.switch_id)
        rows.append((answer.switch_id, baseline, last, answer.poll_ms, is_suspect))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    unit.execute(
        text(
            "UPDATE switch_poll AS p SET baseline = n.baseline, last_sample_at = n.last, poll_ms = n.ms,"
            " error_code = NULL, failed_since = NULL,"
            " discovered_at = CASE WHEN n.is_suspect THEN NULL ELSE p.discovered_at END"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:baselines AS bytea[]), CAST(:lasts AS timestamptz[]),"
            " CAST(:ms AS integer[]), CAST(:suspects AS boolean[])) AS n(id, baseline, last, ms, is_suspect)"
            " WHERE p.switch_id = n.id"
        ),
        dict(zip(("ids", "baselines", "lasts", "ms", "suspects"), columns, strict=True)),
    )


def _gap(switch_id: int, start: dt.datetime, end: dt.datetime | None, cause: GapCause) -> SwitchGap:
    return SwitchGap(switch_id=switch_id, started_at=start, ended_at=end, cause=cause)


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
            unit.add(_gap(poll.switch_id, poll.last_sample_at or at, None, GapCause.SILENT))
    unit.changed(topics.POLLERS)


def _close_gaps(unit: Unit, switch_ids: Sequence[int], at: dt.datetime) -> None:
    query = select(SwitchGap).where(
        col(SwitchGap.switch_id).in_(switch_ids), col(SwitchGap.ended_at).is_(None)
    )
    for gap in unit.exec(query):
        gap.ended_at = at


def _keep_status(unit: Unit, answers: Sequence[SwitchReadings], ports: Mapping[int, PolledPort]) -> None:
    changed = [
        (reading[0], reading[-1])
        for answer in answers
        for reading in answer.readings
        if reading[-1] is not ports[reading[0]].is_up
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
