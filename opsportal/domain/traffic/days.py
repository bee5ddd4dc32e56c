"""Days of ports: what is kept of samples for good. One row a port and day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import text, tuple_
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.traffic.packing import Day, pack, unpack
from opsportal.domain.traffic.slots import HALF_MS
from opsportal.models import TrafficDay

KEPT_DAYS = 775
"""25 months."""
COLUMNS = (
    "port_id", "day", "samples", "covered_s", "in_sum", "out_sum", "in_max_bps", "out_max_bps", "flags", "slots",
)  # fmt: skip
Span = tuple[int, dt.date, dt.date]
"""A port, and the first and the last of its days."""


def row_of(port_id: int, on: dt.date, day: Day) -> TrafficDay:
    """A port's day with its sums and maxima, ready to be stored."""
    flags = 0
    for flag in set(day.flags):
        flags |= flag
    return TrafficDay(
        port_id=port_id,
        day=on,
        samples=sum(1 for covered in day.covered_ms if covered >= HALF_MS),
        covered_s=sum(day.covered_ms) // 1_000,
        in_sum=sum(day.in_bytes),
        out_sum=sum(day.out_bytes),
        in_max_bps=_highest(day.in_bytes, day.covered_ms),
        out_max_bps=_highest(day.out_bytes, day.covered_ms),
        flags=flags,
        slots=pack(day),
    )


def _highest(counts: Iterable[int], covered_ms: Iterable[int]) -> int:
    """The highest average of a slot that counts as a sample, in bits a second."""
    both = zip(counts, covered_ms, strict=True)
    return max((rate(count, ms) for count, ms in both if ms >= HALF_MS), default=0)


def rate(count: int, milliseconds: int) -> int:
    """Bytes over a measured time, as whole bits a second."""
    return count * 8_000 // milliseconds


def store_days(unit: Unit, rows: Iterable[TrafficDay]) -> None:
    """Write days, over what was there."""
    connection = unit.connection().connection.driver_connection
    assert connection is not None
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE incoming_day (LIKE traffic_day) ON COMMIT DROP")
        with cursor.copy(f"COPY incoming_day ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row([getattr(row, name) for name in COLUMNS])
        updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[2:])
        cursor.execute(
            f"INSERT INTO traffic_day ({names}) SELECT {names} FROM incoming_day"  # noqa: S608
            f" ON CONFLICT (port_id, day) DO UPDATE SET {updates}"
        )
        cursor.execute("DROP TABLE incoming_day")


def read_days(
    unit: Unit, port_ids: Sequence[int], *, first: dt.date, last: dt.date
) -> dict[tuple[int, dt.date], Day]:
    """The slots of ports' days, both ends included; days without a row are left out."""
    query = select(col(TrafficDay.port_id), col(TrafficDay.day), col(TrafficDay.slots)).where(
        col(TrafficDay.port_id).in_(port_ids), col(TrafficDay.day).between(first, last)
    )
    return {(port, on): unpack(stored) for port, on, stored in unit.exec(query)}


def read_chosen(unit: Unit, chosen: Collection[tuple[int, dt.date]]) -> dict[tuple[int, dt.date], Day]:
    """The slots of these (port, day); those without a row are left out."""
    query = select(col(TrafficDay.port_id), col(TrafficDay.day), col(TrafficDay.slots)).where(
        tuple_(col(TrafficDay.port_id), col(TrafficDay.day)).in_(sorted(chosen))
    )
    return {(port, on): unpack(stored) for port, on, stored in unit.exec(query)} if chosen else {}


def sum_days(unit: Unit, spans: Sequence[Span]) -> tuple[int, int]:
    """Whole bytes (in, out) of ports' days, in the switch's words, without taking any of them apart."""
    ports, firsts, lasts = ([span[n] for span in spans] for n in range(3))
    found = unit.execute(
        text(
            "SELECT coalesce(sum(d.in_sum), 0), coalesce(sum(d.out_sum), 0)"
            " FROM unnest(CAST(:ports AS bigint[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]))"
            " AS wanted(port, first, last)"
            " JOIN traffic_day d ON d.port_id = wanted.port AND d.day BETWEEN wanted.first AND wanted.last"
        ),
        {"ports": ports, "firsts": firsts, "lasts": lasts},
    ).one()
    return int(found[0]), int(found[1])


def drop_old_days(unit: Unit, now: dt.datetime) -> None:
    """Forget days older than 25 months."""
    oldest = now.date() - dt.timedelta(days=KEPT_DAYS)
    unit.execute(text("DELETE FROM traffic_day WHERE day < :oldest"), {"oldest": oldest})
