"""Sensors and power draw. Child processes only.

Newer services have a resource per sensor (DSP0268 Sensor), older ones lists in Thermal and Power.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_list, link, number, part
from bmc.redfish.failures import Failure

_MAX_CHASSIS = 8
_MAX_READINGS = 256
# ReadingType, and the units of Thermal and Power, to the names of bmc.sensors.
_KINDS = {
    "Temperature": ("temperature", "°C"),
    "Voltage": ("voltage", "V"),
    "Current": ("current", "A"),
    "Rotational": ("fan", "RPM"),
    "Power": ("power", "W"),
}
_HEALTH = {"OK": "ok", "Warning": "warning", "Critical": "critical"}
_UNITS = {"RPM": "RPM", "Percent": "%", "%": "%", "Cel": "°C", "V": "V", "A": "A", "W": "W"}
# List in Thermal or Power: the property with the value, kind, unit where the entry has none.
_LISTS = {
    "Thermal": (("Temperatures", "ReadingCelsius", "temperature", "°C"), ("Fans", "Reading", "fan", "RPM")),
    "Power": (("Voltages", "ReadingVolts", "voltage", "V"),),
}


def read_sensors(bmc: Bmc) -> dict[str, Any]:
    """Every sensor of every chassis of the machine, and why there are not more."""
    found: list[dict[str, Any]] = []
    partial = None
    try:
        for chassis in _chassis(bmc):
            for reading in _of_chassis(bmc, chassis):
                found.append(reading)
                if len(found) >= _MAX_READINGS:
                    return {"readings": found, "partial": "too_many"}
                bmc.check_time()
    except Failure as failure:
        if not found:
            raise
        partial = "out_of_time" if failure.code == "bmc_deadline_exceeded" else "unreadable"
    return {"readings": found, "partial": partial}


def read_power_draw(bmc: Bmc) -> dict[str, Any]:
    """Watts of all chassis together: EnvironmentMetrics where it exists, else PowerControl."""
    totals: dict[str, float | None] = {}
    for chassis in _chassis(bmc):
        for name, value in _draw(bmc, chassis).items():
            totals[name] = None if value is None else (totals.get(name) or 0) + value
    if totals.get("watts") is None:
        raise Failure("bmc_unsupported")
    return {name: None if value is None else round(value) for name, value in totals.items()}


def _chassis(bmc: Bmc) -> Iterator[Resource]:
    for reference in as_list(part(bmc.system(), "Links", "Chassis"))[:_MAX_CHASSIS]:
        yield bmc.read(link(reference))


def _of_chassis(bmc: Bmc, chassis: Resource) -> Iterator[dict[str, Any]]:
    sensors = link(chassis.get("Sensors"))
    if sensors:
        for sensor in bmc.members(sensors, limit=_MAX_READINGS):
            kind, unit = _KINDS.get(str(sensor.get("ReadingType")), ("other", ""))
            unit = _UNITS.get(str(sensor.get("ReadingUnits")), unit)
            yield _reading(sensor, sensor.get("Reading"), kind, unit)
        return
    for name, lists in _LISTS.items():
        url = link(chassis.get(name))
        resource = bmc.read(url) if url else {}
        for key, value, kind, unit in lists:
            for entry in as_list(resource.get(key)):
                if isinstance(entry, dict):
                    unit = _UNITS.get(str(entry.get("ReadingUnits")), unit)
                    yield _reading(entry, entry.get(value), kind, unit)


def _reading(entry: Resource, value: object, kind: str, unit: str) -> dict[str, Any]:
    return {
        "name": entry.get("Name"),
        "kind": kind,
        "value": number(value),
        "unit": unit,
        "health": _HEALTH.get(str(part(entry, "Status", "Health")), "unknown"),
    }


def _draw(bmc: Bmc, chassis: Resource) -> dict[str, float | None]:
    metrics = link(chassis.get("EnvironmentMetrics"))
    if metrics:
        watts = number(part(bmc.read(metrics), "PowerWatts", "Reading"))
        if watts is not None:
            return {"watts": watts}
    url = link(chassis.get("Power"))
    controls = as_list(bmc.read(url).get("PowerControl")) if url else []
    watts = number(part(controls[0], "PowerConsumedWatts")) if controls else None
    if watts is None:
        return {}
    over = part(controls[0], "PowerMetrics")
    return {
        "watts": watts,
        "min_watts": number(part(over, "MinConsumedWatts")),
        "max_watts": number(part(over, "MaxConsumedWatts")),
        "average_watts": number(part(over, "AverageConsumedWatts")),
    }
