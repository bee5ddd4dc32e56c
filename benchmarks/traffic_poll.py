"""9,600 ports of 200 switches: asked, computed and stored, beside Cacti's spine, collectd and Prometheus' snmp_exporter.

All ask the same hall (a replayed snmpd, see `snmp_replay`) for the same four columns in the same run, in
turns. spine stores raw values in a table in memory; snmp_exporter computes and stores nothing.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from benchmarks import collectd, rows, snmp_exporter, spine
from benchmarks.halls import COMMUNITY, PORTS, SWITCHES, running_hall
from benchmarks.portal_database import portal_database
from benchmarks.processes import BenchmarkError
from opsportal.db import unit_of_work
from opsportal.domain.traffic import inventory
from opsportal.domain.vault import seal
from opsportal.models import Switch
from switches import oids
from tests.builders import make_company, make_plan
from workers import traffic_poll

RUNS = 7
ALL = SWITCHES * PORTS
COLUMNS = (
    oids.IF_HC_IN_OCTETS,
    oids.IF_HC_OUT_OCTETS,
    oids.IF_OPER_STATUS,
    oids.IF_COUNTER_DISCONTINUITY_TIME,
)


_SERVERS = (
    "INSERT INTO service (company_id, plan_id, name, status, price_minor, currency, term)"
    " SELECT :company, :plan, 'service ' || id, 'active', 0, 'EUR', 'month' FROM switch_port WHERE if_index > 0",
    "INSERT INTO server (name, service_id, site, rack, model, cpu, memory_gb, disks, mac, power)"
    " SELECT name, id, '', '', '', '', 1, '', name, 'on' FROM service",
    "INSERT INTO port_link (port_id, server_id, service_id, valid_from)"
    " SELECT p.id, s.id, s.service_id, now() FROM switch_port p JOIN server s ON s.name = 'service ' || p.id",
)
"""A server and a rented service on every port: they are told of each sample."""


def run() -> list[rows.Row]:
    """Medians of `RUNS` rounds each, in ports a second."""
    with tempfile.TemporaryDirectory(prefix="ops-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with (
            running_hall(directory) as first,
            portal_database(SWITCH_NETWORKS="127.0.0.0/8", DATA=name, LOG_FORMAT="json"),
            spine.running_mariadb(directory) as database,
            snmp_exporter.running_exporter(directory, COLUMNS) as exporter,
        ):
            targets = list(range(first, first + SWITCHES))
            indexes = _put_on_record(targets)
            spine.fill(database, targets, COLUMNS, indexes)
            configuration = spine.configure(directory, database)
            times: dict[str, list[float]] = {}
            for number in range(RUNS + 1):
                ours, our_cpu = _ours()
                theirs, their_cpu = collectd.poll(directory, targets)
                found = {
                    "ours": ours,
                    "ours, CPU": our_cpu,
                    "collectd": theirs,
                    "collectd, CPU": their_cpu,
                    "spine": spine.poll(configuration, database, ALL * len(COLUMNS)),
                    "exporter": snmp_exporter.poll(exporter, targets, len(COLUMNS)),
                }
                for who, seconds in found.items():
                    times.setdefault(who, []).extend([seconds] if number else [])  # the first only warms up
    return _rows(times)


def _rows(times: dict[str, list[float]]) -> list[rows.Row]:
    median = {who: statistics.median(seconds) for who, seconds in times.items()}
    rate = {who: ALL / seconds for who, seconds in median.items()}
    return [
        rows.more_is_better(
            "traffic_poll_9600",
            rate["ours"],
            "ports/s",
            peer="cacti-spine, MariaDB",
            peer_value=rate["spine"],
        ),
        rows.more_is_better(
            "traffic_poll_9600_collectd",
            rate["ours"],
            "ports/s",
            peer="collectd, its first round; files written later",
            peer_value=rate["collectd"],
        ),
        rows.less_is_better(
            "traffic_poll_9600_cpu",
            median["ours, CPU"],
            "s",
            peer="collectd; on both sides without what stores",
            peer_value=median["collectd, CPU"],
        ),
        rows.more_is_better(
            "traffic_poll_9600_read_only",
            rate["ours"],
            "ports/s",
            peer="snmp_exporter, stores nothing",
            peer_value=rate["exporter"],
        ),
    ]


def _put_on_record(targets: list[int]) -> list[int]:
    """The switches in our database, discovered; returns the ifIndexes of the ports that count."""
    community = seal(COMMUNITY)
    with unit_of_work() as unit:
        for number, port in enumerate(targets):
            row = Switch(
                name=f"switch {number}", site="Hall", host="127.0.0.1", port=port, community=community
            )
            inventory.add_switch(unit, row)
    traffic_poll.run()
    owner = {"company": make_company().id, "plan": make_plan().id}
    with unit_of_work() as unit:
        unit.execute(text("UPDATE switch_port SET if_index = NULL WHERE if_name NOT LIKE 'port%'"))
        for statement in _SERVERS:
            unit.execute(text(statement), owner if ":company" in statement else {})
        indexes = unit.execute(
            text("SELECT DISTINCT if_index FROM switch_port WHERE if_index IS NOT NULL ORDER BY 1")
        )
        return [int(index) for index in indexes.scalars()]


def _ours() -> tuple[float, float]:
    """One round, from the question of what is due to the commit; seconds of time and of this process's CPU."""
    with unit_of_work() as unit:
        unit.execute(text("UPDATE switch_poll SET due_at = now()"))
        before = unit.execute(text("SELECT count(*) FROM traffic_hot WHERE flags = 1")).scalar() or 0
    begun, cpu = time.perf_counter(), time.process_time()
    traffic_poll.run()
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    with unit_of_work() as unit:
        after = unit.execute(text("SELECT count(*) FROM traffic_hot WHERE flags = 1")).scalar() or 0
    if after - before != ALL:
        raise BenchmarkError(f"{after - before} samples were stored, not {ALL}")
    return seconds, cpu
