"""Samples as they come in: a table by day, filled by COPY, its old days dropped whole."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import text

from opsportal.db import Unit
from opsportal.domain.traffic.counters import Sample
from opsportal.domain.traffic.slots import EPOCH

KEPT = dt.timedelta(hours=48)
PREFIX = "traffic_hot_"
DAY = dt.timedelta(days=1)
_COPY = "COPY traffic_hot (port_id, ts, in_bytes, out_bytes, interval_ms, flags) FROM STDIN (FORMAT BINARY)"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_PG_EPOCH_MS = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC) - EPOCH) // dt.timedelta(milliseconds=1)
_FULL = struct.Struct(">hiqiqiqiqiqih")
_BARE = struct.Struct(">hiqiqiiiqih")


def ensure_days(unit: Unit, days: Iterable[dt.date]) -> None:
    """Make the partitions of these UTC days that are not there. Commit before writing: it locks the table."""
    there = _partitions(unit)
    for day in sorted(set(days)):
        if f"{PREFIX}{day:%Y%m%d}" not in there:
            unit.execute(
                text(
                    f"CREATE TABLE IF NOT EXISTS {PREFIX}{day:%Y%m%d} PARTITION OF traffic_hot"
                    f" FOR VALUES FROM ('{day} 00:00+00') TO ('{day + DAY} 00:00+00')"
                )
            )


def drop_old_days(unit: Unit, now: dt.datetime) -> int:
    """Drop the days that ended 48 hours ago, unless something in them is not compacted yet."""
    old = [name for name in _partitions(unit) if _end_of(name) < now - KEPT]
    dropped = [name for name in old if not _has_unkept(unit, name)]
    for name in dropped:
        unit.execute(text(f"DROP TABLE {name}"))
    return len(dropped)


def _has_unkept(unit: Unit, name: str) -> bool:
    query = (
        f"SELECT EXISTS (SELECT FROM {name} h JOIN switch_port p ON p.id = h.port_id"  # noqa: S608
        " WHERE p.compacted_through IS NULL OR h.ts > p.compacted_through)"
    )
    return bool(unit.execute(text(query)).scalar())


def _partitions(unit: Unit) -> set[str]:
    found = unit.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'traffic_hot'::regclass")
    )
    return set(found.scalars())


def _end_of(name: str) -> dt.datetime:
    day = dt.datetime.strptime(name.removeprefix(PREFIX), "%Y%m%d").replace(tzinfo=dt.UTC)
    return day + DAY


def store_samples(unit: Unit, samples: Sequence[tuple[int, Sample]]) -> None:
    """Append samples (port id, sample), all or none. The partitions of their days must exist."""
    connection = unit.connection().connection.driver_connection
    assert connection is not None
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_HEADER + b"".join([_binary(port, sample) for port, sample in samples]) + _TRAILER)


def _binary(port: int, sample: Sample) -> bytes:
    """A row as PostgreSQL's binary COPY wants it: the number of fields, then length and value of each."""
    at_ms, interval, in_bytes, out_bytes, flags = sample
    at_us = (at_ms - _PG_EPOCH_MS) * 1_000
    if in_bytes is None or out_bytes is None:
        return _BARE.pack(6, 8, port, 8, at_us, -1, -1, 8, interval, 2, flags)
    return _FULL.pack(6, 8, port, 8, at_us, 8, in_bytes, 8, out_bytes, 8, interval, 2, flags)


def list_samples(unit: Unit, after: Mapping[int, dt.datetime]) -> dict[int, list[Sample]]:
    """Samples that ended after an instant of each port's own, by port, the oldest first.

    Each port is looked up by itself: one that never had a sample must not make the others be read again.
    """
    rows = unit.execute(
        text(
            "SELECT wanted.port, s.* FROM unnest(CAST(:ports AS bigint[]), CAST(:afters AS timestamptz[]))"
            " AS wanted(port, after) CROSS JOIN LATERAL ("
            " SELECT (extract(epoch FROM ts) * 1000)::bigint, interval_ms, in_bytes, out_bytes, flags"
            " FROM traffic_hot WHERE port_id = wanted.port AND ts > wanted.after ORDER BY ts) s"
        ),
        {"ports": list(after), "afters": list(after.values())},
    )
    found: dict[int, list[Sample]] = {}
    for port, *sample in rows:
        found.setdefault(port, []).append(Sample._make(sample))
    return found


def list_newest(unit: Unit, port_ids: Sequence[int], *, after: dt.datetime) -> list[Sample]:
    """The newest measured sample of each port that has one after an instant."""
    rows = unit.execute(
        text(
            "SELECT s.* FROM unnest(CAST(:ports AS bigint[])) AS wanted(port) CROSS JOIN LATERAL ("
            " SELECT (extract(epoch FROM ts) * 1000)::bigint, interval_ms, in_bytes, out_bytes, flags"
            " FROM traffic_hot WHERE port_id = wanted.port AND ts > :after AND in_bytes IS NOT NULL"
            " ORDER BY ts DESC LIMIT 1) s"
        ),
        {"ports": sorted(set(port_ids)), "after": after},
    )
    return [Sample._make(row) for row in rows]
