"""Graphs of one server out of a table of 10,000 ports and a year, beside the same reads where there are 100.

One port in a hundred has full days; the others' days are of idle ports, which are small: what is
measured is finding 1 to 366 rows among 3.65 million, and turning them into points, sums and a percentile.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from array import array
from pathlib import Path

from sqlalchemy import text

from benchmarks import rows, rrd_files
from benchmarks.portal_database import portal_database
from benchmarks.processes import BenchmarkError
from opsportal.db import engine, unit_of_work
from opsportal.domain.traffic import days, graphs
from opsportal.domain.traffic.counters import MEASURED
from opsportal.domain.traffic.figures import Span
from opsportal.domain.traffic.packing import Day, pack
from opsportal.domain.traffic.slots import SLOT_MS, SLOTS_A_DAY
from opsportal.models import Role
from opsportal.models.base import utcnow
from tests.builders import make_actor, make_server, make_service

MANY, FEW = 10_000, 100
SERVERS = 20
DAYS = 370
RUNS = 2


def run() -> list[rows.Row]:
    """The median time of a read, in ms, over twenty servers, each span."""
    few, many, files = _measure(FEW), _measure(MANY), _measure_rrdtool()
    beside_rrdtool = [
        rows.less_is_better(
            f"traffic_graph_{span.value}_rrdtool",
            many[span],
            "ms",
            peer="rrdtool fetch, one file per port, in a lasting process; no percentile, no sums",
            peer_value=files[span],
        )
        for span in Span
    ]
    return beside_rrdtool + [
        rows.less_is_better(
            f"traffic_graph_{span.value}",
            many[span],
            "ms",
            peer="100 ports in the table",
            peer_value=few[span],
        )
        for span in Span
    ]


def _measure_rrdtool() -> dict[Span, float]:
    with tempfile.TemporaryDirectory() as name, rrd_files.running_rrdtool() as rrdtool:
        files = [Path(name) / f"{number}.rrd" for number in range(SERVERS)]
        for path in files:
            rrd_files.fill(rrdtool, path, days=DAYS)
        found = {}
        for span in Span:
            seconds = [rrd_files.fetch(rrdtool, path, span) for path in files * (RUNS + 1)]
            found[span] = statistics.median(seconds[SERVERS:]) * 1_000
        return found


def _measure(ports: int) -> dict[Span, float]:
    with tempfile.TemporaryDirectory() as name, portal_database(DATA=name):
        servers = _fill(ports)
        actor = make_actor(role=Role.OPERATOR)
        found = {}
        for span in Span:
            seconds = []
            for server_id in servers * (RUNS + 1):  # the first time only warms up
                with unit_of_work() as unit:
                    begun = time.perf_counter()
                    graph = graphs.read_graph(actor, unit, server_id, span=span)
                    seconds.append(time.perf_counter() - begun)
                if graph.percentile.coverage_bp < 9_900:
                    raise BenchmarkError(f"a graph has holes: {graph.percentile}")
            found[span] = statistics.median(seconds[SERVERS:]) * 1_000
        return found


def _fill(ports: int) -> list[int]:
    """Ports, a year of days, and servers spread among them; returns the servers' ids."""
    today = utcnow().date()
    begin = today - dt.timedelta(days=DAYS)
    servers = [make_server(make_service(), has_bmc=False).id or 0 for _ in range(SERVERS)]
    idle = days.row_of(1, today, _day(0)).slots
    with unit_of_work() as unit:
        unit.execute(
            text(
                "INSERT INTO switch (name, site, host, port, snmp_version, community, is_polled)"
                " VALUES ('s', '', '', 161, '2c', '', true)"
            )
        )
        unit.execute(
            text(
                "INSERT INTO switch_port (switch_id, if_name, counter_bits, compacted_through)"
                " SELECT 1, 'port' || n, 64, now() FROM generate_series(1, :ports) n"
            ),
            {"ports": ports},
        )
        unit.execute(
            text(
                "INSERT INTO traffic_day SELECT n, d, 288, 86400, 0, 0, 0, 0, 1, :slots FROM"
                " generate_series(CAST(:begin AS date), CAST(:today AS date), '1 day') d, generate_series(1, :ports) n"
            ),
            {"slots": idle, "begin": begin, "today": today, "ports": ports},
        )
        full = pack(_day(1))
        chosen = [1 + number * (ports // SERVERS) for number in range(SERVERS)]
        unit.execute(
            text("UPDATE traffic_day SET slots = :slots WHERE port_id = ANY(:ports)"),
            {"slots": full, "ports": chosen},
        )
        for server_id, port_id in zip(servers, chosen, strict=True):
            unit.execute(
                text(
                    "INSERT INTO port_link (port_id, server_id, service_id, valid_from)"
                    " SELECT :port, id, service_id, :begin FROM server WHERE id = :server"
                ),
                {"port": port_id, "server": server_id, "begin": begin},
            )
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE traffic_day"))  # as autovacuum leaves a table that has lived
        connection.execute(text("CHECKPOINT"))
    return servers


def _day(level: int) -> Day:
    day = Day.empty()
    day.flags[:] = bytes([MEASURED]) * SLOTS_A_DAY
    day.covered_ms = array("I", [SLOT_MS]) * SLOTS_A_DAY
    values = [level * (10**9 + n * 7_654_321 % 10**9) for n in range(SLOTS_A_DAY)]
    day.in_bytes, day.out_bytes = array("Q", values), array("Q", values[::-1])
    return day
