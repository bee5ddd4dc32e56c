"""Asks a BMC about its machine's health. Runs in a work horse of the `hardware` queue and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import health
from opsportal.domain.hardware.health import HealthReport
from workers.hardware.bmcs import connect_to

log = structlog.get_logger("health")
SENSORS_S, DRAW_S, EVENTS_S = 25.0, 5.0, 15.0
T = TypeVar("T")


def run(server_id: int) -> None:
    """Ask for everything that the BMC can tell, and keep it. What it cannot is kept as the reason."""
    try:
        with connect_to(server_id) as control:
            report = listen(control)
    except bmc.BmcError as error:
        report = HealthReport(error_code=error.code)
    with unit_of_work() as unit:
        health.record(unit, server_id, report)


def listen(control: bmc.PowerControl) -> HealthReport:
    """One answer after another. Raises BmcError when the BMC cannot even say whether the server is on."""
    control.power_state(timeout_s=8.0)
    report = HealthReport()
    sensors, code = _ask(lambda: bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=SENSORS_S))
    names: dict[int, str] = {}
    if sensors is not None:
        names = {one.number: one.name for one in sensors.readings if one.number is not None}
        readings = [_reading(one) for one in sensors.readings]
        report = replace(report, sensors=readings, sensors_code=sensors.partial)
    else:
        report = replace(report, sensors_code=code)
    draw, _ = _ask(lambda: bmc.capability(control, bmc.PowerDraw).read_power_draw(timeout_s=DRAW_S))
    if draw is not None:
        report = replace(report, watts=draw.watts, average_watts=draw.average_watts)
    events, code = _ask(
        lambda: bmc.capability(control, bmc.EventLog).read_events(
            limit=health.SHOWN_EVENTS, timeout_s=EVENTS_S
        )
    )
    if events is None:
        return replace(report, events_code=code)
    return replace(
        report,
        events=[_event(one, names) for one in events.events],
        events_total=events.total,
        events_code=events.partial,
    )


def _ask(question: Callable[[], T]) -> tuple[T | None, str | None]:
    try:
        return question(), None
    except bmc.BmcError as error:
        log.info("not_told", code=error.code)
        return None, error.code


def _reading(one: bmc.SensorReading) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "value": one.value,
        "unit": one.unit,
        "health": one.health.value,
        "states": list(one.states),
    }


def _event(one: bmc.BmcEvent, names: dict[int, str]) -> dict[str, Any]:
    return {
        "at": one.at.isoformat() if one.at else "",
        "code": one.code,
        "kind": one.kind,
        "severity": one.severity.value,
        "is_over": one.is_over,
        "sensor": names.get(one.sensor_number, "") if one.sensor_number is not None else "",
        "detail": one.detail,
    }
