"""What the lab's BMCs say about health, asked by our own library."""

from __future__ import annotations

import bmc
from tests.lab.labs import RunningLab


def test_a_virtual_machine_tells_what_a_real_one_would(shared_lab: RunningLab) -> None:
    one = shared_lab.fleet()[0]
    endpoint = bmc.Endpoint(one["host"], one["port"], username=one["username"], password=one["password"])
    with bmc.connect(endpoint) as control:
        sensors = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=30)
        draw = bmc.capability(control, bmc.PowerDraw).read_power_draw(timeout_s=30)
        log = bmc.capability(control, bmc.EventLog).read_events(timeout_s=30)
        inventory = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=30)
    assert sensors.partial is None
    assert [reading.name for reading in sensors.readings] == [
        "CPU Temp", "Inlet Temp", "DIMM Temp", "FAN1", "FAN2", "PSU1 Power", "PSU1 Status", "PSU2 Status",
    ]  # fmt: skip
    units = {reading.name: reading.unit for reading in sensors.readings}
    assert (units["CPU Temp"], units["FAN1"], units["PSU1 Power"]) == ("°C", "RPM", "W")
    assert 130 <= draw.watts <= 230 or 0 < draw.watts <= 24
    assert log.total == len(log.events)
    assert "memory.corrected_error" in {event.code for event in log.events}
    assert all(event.at is not None for event in log.events)
    assert inventory.partial is None
    assert inventory.parts[0].manufacturer == one["model"].split(" ", 1)[0]
