"""What a BMC can do besides power, against ipmi_sim, which nobody here wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import bmc
from bmc.power import PowerControl
from tests.bmc.furnished import emulation
from tests.bmc.ipmi_sim import SimulatedBmc, running_bmc

_S = 20.0


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[SimulatedBmc]:
    with running_bmc(tmp_path, furniture=emulation()) as running:
        yield running


@pytest.fixture
def control(simulated: SimulatedBmc) -> Iterator[PowerControl]:
    with bmc.connect(simulated.endpoint) as connected:
        yield connected


def test_what_the_machine_reports(control: PowerControl) -> None:
    sensors = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=_S)
    assert sensors.partial is None
    found = [(one.name, one.kind, one.value, one.unit, one.health, one.states) for one in sensors.readings]
    assert found == [
        ("CPU 1", "temperature", 82.0, "°C", "warning", ()),
        ("FAN b 1 /b", "fan", 5400.0, "RPM", "ok", ()),
        ("PSU 2", "other", None, "", "critical", ("power_supply.present", "power_supply.failed")),
    ]
    log = bmc.capability(control, bmc.EventLog).read_events(limit=2, timeout_s=_S)
    assert log.total == 3
    assert [(event.code, event.severity, event.is_over, event.sensor_number) for event in log.events] == [
        ("threshold.upper_critical_rising", "info", True, 1),
        ("threshold.upper_critical_rising", "critical", False, 1),
    ]
    inventory = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=_S)
    assert inventory.firmware == "9.08"
    assert inventory.manufacturer_id == 0x1291
    [part] = inventory.parts
    assert (part.manufacturer, part.model, part.serial) == ("ACME", "R[1m720", "SN-42")
    with pytest.raises(bmc.BmcUnsupported):
        bmc.capability(control, bmc.PowerDraw).read_power_draw(timeout_s=_S)


def test_what_the_machine_is_told(control: PowerControl, simulated: SimulatedBmc) -> None:
    bmc.capability(control, bmc.Identify).identify(15, timeout_s=_S)
    boot = bmc.capability(control, bmc.BootControl)
    boot.set_boot(bmc.BootDevice.NETWORK, timeout_s=_S)
    assert boot.read_boot(timeout_s=_S).device is bmc.BootDevice.DEFAULT  # what this simulator always says
    bmc.capability(control, bmc.SoftShutdown).shutdown(timeout_s=_S)
    assert simulated.commands() == ["identify 15 0", "boot pxe", "shutdown 1"]
    assert control.power_state(timeout_s=_S) == bmc.PowerState.OFF


def test_a_user_lives_from_creation_to_deletion(control: PowerControl, simulated: SimulatedBmc) -> None:
    users = bmc.capability(control, bmc.Users)
    made = users.create_user("guest", "first-password", privilege=bmc.Privilege.OPERATOR, timeout_s=_S)
    assert (made.name, made.privilege, made.is_enabled) == ("guest", bmc.Privilege.OPERATOR, True)
    assert _opens(simulated, "first-password")
    with pytest.raises(bmc.BmcRefusedCommand):
        users.create_user("guest", "x", privilege=bmc.Privilege.USER, timeout_s=_S)
    users.set_password("guest", "sixteen-bytes-ok", timeout_s=_S)
    assert not _opens(simulated, "first-password")
    assert _opens(simulated, "sixteen-bytes-ok")
    users.delete_user("guest", timeout_s=_S)
    assert [user.name for user in users.list_users(timeout_s=_S)] == ["admin"]
    assert not _opens(simulated, "sixteen-bytes-ok")
    with pytest.raises(bmc.BmcUserUnknown):
        users.set_password("guest", "x", timeout_s=_S)
    users.delete_user("guest", timeout_s=_S)  # gone already: fine


def _opens(simulated: SimulatedBmc, password: str) -> bool:
    at = simulated.endpoint
    try:
        with bmc.connect(bmc.Endpoint(at.host, at.port, username="guest", password=password)) as control:
            control.power_state(timeout_s=_S)
    except (bmc.BmcUserUnknown, bmc.BmcCredentialsRefused):
        return False
    return True


def test_a_capability_that_a_driver_lacks() -> None:
    with pytest.raises(bmc.BmcUnsupported):
        bmc.capability(object(), bmc.Sensors)
