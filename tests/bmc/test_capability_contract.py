"""What every driver promises besides power, held against all of them, and against real BMCs, alike.

Each kind brings a machine that is on, an administrator "admin", a temperature sensor "CPU 1" and events.
A BMC that lacks something says BmcUnsupported, whatever the driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import bmc
from bmc import (
    BmcEvent,
    BmcInventory,
    BmcPart,
    BootDevice,
    EventAnswer,
    Health,
    PowerState,
    Privilege,
    SensorAnswer,
    SensorKind,
    SensorReading,
    Severity,
)
from bmc.memory import MemoryBmc, plugged_in
from bmc.power import PowerControl
from tests.bmc.furnished import emulation
from tests.bmc.ipmi_sim import running_bmc
from tests.bmc.redfish_service import RedfishService
from tests.bmc.redfish_sim import StartRedfish

_S = 20.0


@dataclass
class Furnished:
    """A BMC with sensors, events and users."""

    endpoint: bmc.Endpoint
    power: Callable[[], PowerState]
    reads_boot: bool = True
    lacks: frozenset[type] = frozenset()


def _memory() -> MemoryBmc:
    cpu = SensorReading("CPU 1", SensorKind.TEMPERATURE, 82.0, "°C", Health.WARNING)
    events = tuple(
        BmcEvent(number, None, "unknown", "memory", Severity.INFO, is_over=False) for number in (3, 2, 1)
    )
    parts = (BmcPart("Machine", "ACME", "R720", serial="SN-42"),)
    return MemoryBmc(
        sensors=SensorAnswer((cpu,)),
        events=EventAnswer(events, 3),
        inventory=BmcInventory(parts, firmware="9.08"),
        unsupported={bmc.PowerDraw},
    )


@pytest.fixture(params=["memory", "ipmi_sim", "redfish", "sushy"])
def furnished(
    request: pytest.FixtureRequest, tmp_path: Path, start_redfish: StartRedfish
) -> Iterator[Furnished]:
    with ExitStack() as running:
        if request.param == "memory":
            memory = _memory()
            endpoint = running.enter_context(plugged_in("memory-1", memory))
            yield Furnished(endpoint, memory.power, lacks=frozenset({bmc.PowerDraw}))
        elif request.param == "ipmi_sim":
            simulated = running.enter_context(running_bmc(tmp_path, furniture=emulation()))
            lacks = frozenset({bmc.PowerDraw})
            yield Furnished(simulated.endpoint, simulated.power, reads_boot=False, lacks=lacks)
        elif request.param == "redfish":
            service = running.enter_context(RedfishService(tmp_path))
            yield Furnished(service.endpoint, service.power)
        else:
            emulator = start_redfish()
            lacks = frozenset({bmc.PowerDraw, bmc.EventLog, bmc.Users})
            yield Furnished(emulator.endpoint, emulator.power, lacks=lacks)


@pytest.fixture
def control(furnished: Furnished) -> Iterator[PowerControl]:
    with bmc.connect(furnished.endpoint) as connected:
        yield connected


def test_every_driver_has_every_capability(control: PowerControl) -> None:
    for kind in (
        bmc.BootControl,
        bmc.EventLog,
        bmc.FactorySettings,
        bmc.Identify,
        bmc.Inventory,
        bmc.PowerDraw,
        bmc.Sensors,
        bmc.SoftShutdown,
        bmc.Users,
    ):
        assert bmc.capability(control, kind) is control


def test_what_a_bmc_lacks_is_said_and_costs_nothing_else(furnished: Furnished, control: PowerControl) -> None:
    questions: dict[type, Callable[[], object]] = {
        bmc.PowerDraw: lambda: control.read_power_draw(timeout_s=_S),  # type: ignore[attr-defined]
        bmc.EventLog: lambda: control.read_events(timeout_s=_S),  # type: ignore[attr-defined]
        bmc.Users: lambda: control.list_users(timeout_s=_S),  # type: ignore[attr-defined]
    }
    for kind, ask in questions.items():
        if kind in furnished.lacks:
            with pytest.raises(bmc.BmcUnsupported):
                ask()
        else:
            ask()
    assert control.power_state(timeout_s=_S) == PowerState.ON


def test_a_boot_device_may_be_set_again_and_taken_back(furnished: Furnished, control: PowerControl) -> None:
    boot = bmc.capability(control, bmc.BootControl)
    before = boot.read_boot(timeout_s=_S)
    for _ in range(2):
        boot.set_boot(BootDevice.NETWORK, timeout_s=_S)
    if furnished.reads_boot:
        assert boot.read_boot(timeout_s=_S).device is BootDevice.NETWORK
        assert boot.read_boot(timeout_s=_S).is_uefi == before.is_uefi
    boot.set_boot(BootDevice.DEFAULT, timeout_s=_S)
    assert boot.read_boot(timeout_s=_S).device is BootDevice.DEFAULT
    assert furnished.power() == PowerState.ON


def test_the_light_blinks_and_ends(control: PowerControl) -> None:
    identify = bmc.capability(control, bmc.Identify)
    identify.identify(30, timeout_s=_S)
    identify.identify(0, timeout_s=_S)


def test_a_soft_shutdown_reaches_the_machine(furnished: Furnished, control: PowerControl) -> None:
    bmc.capability(control, bmc.SoftShutdown).shutdown(timeout_s=_S)
    assert furnished.power() == PowerState.OFF
    assert control.power_state(timeout_s=_S) == PowerState.OFF


def test_sensors_have_names_kinds_and_units(furnished: Furnished, control: PowerControl) -> None:
    answer = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=_S)
    first = answer.readings[0]
    assert (first.name.split()[0], first.kind, first.unit) == ("CPU", SensorKind.TEMPERATURE, "°C")
    assert (answer.partial, first.value is not None) == (None, True)


def test_events_are_the_newest_first(furnished: Furnished, control: PowerControl) -> None:
    if bmc.EventLog in furnished.lacks:
        return  # the test above holds it to saying so
    log = bmc.capability(control, bmc.EventLog).read_events(limit=2, timeout_s=_S)
    numbers = [event.record_id for event in log.events]
    assert (len(numbers), numbers) == (2, sorted(numbers, reverse=True))
    assert log.total >= 2
    assert len(bmc.capability(control, bmc.EventLog).read_events(limit=1, timeout_s=_S).events) == 1


def test_the_inventory_names_the_machine(control: PowerControl) -> None:
    inventory = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=_S)
    assert inventory.firmware
    assert inventory.parts[0].manufacturer


def test_a_user_lives_from_creation_to_deletion(furnished: Furnished, control: PowerControl) -> None:
    if bmc.Users in furnished.lacks:
        return  # the test above holds it to saying so
    users = bmc.capability(control, bmc.Users)
    made = users.create_user("guest", "first-password", privilege=Privilege.OPERATOR, timeout_s=_S)
    assert (made.name, made.privilege, made.is_enabled) == ("guest", Privilege.OPERATOR, True)
    with pytest.raises(bmc.BmcRefusedCommand):
        users.create_user("guest", "x", privilege=Privilege.USER, timeout_s=_S)
    users.set_password("guest", "sixteen-bytes-ok", timeout_s=_S)
    _assert_opens(replace(furnished.endpoint, username="guest", password="sixteen-bytes-ok"))
    users.delete_user("guest", timeout_s=_S)
    assert [user.name for user in users.list_users(timeout_s=_S)] == ["admin"]
    users.delete_user("guest", timeout_s=_S)  # gone already: fine
    with pytest.raises(bmc.BmcUserUnknown):
        users.set_password("guest", "x", timeout_s=_S)


def _assert_opens(endpoint: bmc.Endpoint) -> None:
    with bmc.connect(endpoint) as other:
        assert other.power_state(timeout_s=_S) == PowerState.ON
