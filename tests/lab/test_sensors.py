"""What the lab's BMCs say about health, asked by our own library."""

from __future__ import annotations

import bmc
from bmc.discovery import Door, knock
from lab.bmcs.client import ask, read_newcomers
from tests.lab.labs import RunningLab


def test_a_virtual_machine_tells_what_a_real_one_would(shared_lab: RunningLab) -> None:
    one = shared_lab.fleet()[-1]  # no other test takes it
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


def test_newcomers_are_found_beside_each_other_and_tell_what_they_are_made_of(shared_lab: RunningLab) -> None:
    """Off, on no list of servers, with the factory's user; one of two lacks a memory module."""
    whole, lacking = read_newcomers(shared_lab.directory)[:2]
    assert not {one["mac"] for one in (whole, lacking)} & {one["mac"] for one in shared_lab.fleet()}
    doors = [Door("ipmi", one["host"], one["port"]) for one in (whole, lacking)]
    found = [one.facts for one in knock(doors, patience_s=60) if one is not None]
    assert [facts["uuid"] for facts in found] == [whole["uuid"], lacking["uuid"]]
    assert [facts["suites"] for facts in found] == [["3"], ["3"]]
    assert ask(shared_lab.directory, "show", name="new-001")["power"] == "off"
    told = []
    for one in (whole, lacking):
        endpoint = bmc.Endpoint(one["host"], one["port"], username="ADMIN", password="ADMIN")
        with bmc.connect(endpoint) as control:
            told.append(bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=30))
    assert [one.partial for one in told] == [None, None]
    assert [[part.name.split()[0] for part in one.parts].count("DIMM") for one in told] == [4, 3]
    disk = told[0].parts[-1]
    assert (disk.name, disk.manufacturer, disk.model) == ("Disk 1", "Micron", "7450 3.84 TB")
    assert disk.serial == f"DK{whole['mac'].replace(':', '')[-6:].upper()}1"
