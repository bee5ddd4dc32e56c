"""The Redfish driver: certificates, sessions, read-backs, and what only some services have."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import bmc
from bmc import BootDevice, BootSetting, PowerGoal, PowerState, Privilege, processes
from tests.bmc.conftest import given_time, in_time
from tests.bmc.redfish_service import ACCOUNTS, RESET, SESSIONS, SYSTEM, RedfishService, Reply
from tests.bmc.redfish_sim import make_certificate, start_emulator, wait_until_it_answers

_S = 20.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RedfishService]:
    """A service of ours that behaves."""
    with RedfishService(tmp_path) as running:
        yield running


def test_another_certificate_than_the_pinned_one_is_told_nothing(service: RedfishService) -> None:
    stranger = replace(service.endpoint, fingerprint="ab" * 32)
    with bmc.connect(stranger) as control, pytest.raises(bmc.BmcCertificateUnknown):
        control.power_state(timeout_s=_S)
    assert service.asked == []


def test_a_certificate_that_nobody_vouches_for_is_told_nothing(service: RedfishService) -> None:
    """Neither pinned nor of a CA: the check is never off."""
    with bmc.connect(replace(service.endpoint, fingerprint="")) as control:
        with pytest.raises(bmc.BmcCertificateUnknown):
            control.power_state(timeout_s=_S)
    assert service.asked == []


def test_a_ca_vouches_for_its_own_and_for_nobody_else(service: RedfishService, tmp_path: Path) -> None:
    own = replace(service.endpoint, fingerprint="", ca_file=str(service.certificate.certificate))
    with bmc.connect(own) as control:
        assert control.power_state(timeout_s=_S) == PowerState.ON
    other = make_certificate(tmp_path / "other")
    with bmc.connect(replace(own, ca_file=str(other.certificate))) as control:
        with pytest.raises(bmc.BmcCertificateUnknown):
            control.power_state(timeout_s=_S)


def test_a_fingerprint_may_have_colons_and_capitals(service: RedfishService) -> None:
    written = ":".join(service.endpoint.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    with bmc.connect(replace(service.endpoint, fingerprint=written)) as control:
        assert control.power_state(timeout_s=_S) == PowerState.ON


def test_one_session_is_opened_and_closed_again(
    service: RedfishService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_FAREWELL_S", 30)  # on a busy machine, too, it may leave by itself
    with bmc.connect(service.endpoint) as control:
        control.power_state(timeout_s=_S)
        control.power_state(timeout_s=_S)
        assert len(service.open_sessions) == 1
    assert service.open_sessions == set()
    assert [one.method for one in service.asked if one.path.startswith(SESSIONS)] == ["POST", "DELETE"]


def test_a_wrong_password_is_one_refused_log_on(service: RedfishService) -> None:
    with bmc.connect(replace(service.endpoint, password="wrong")) as control:
        with pytest.raises(bmc.BmcCredentialsRefused):
            control.power_state(timeout_s=_S)
    assert [one.path for one in service.asked if one.method == "POST"] == [SESSIONS]
    assert [one.path for one in service.asked if one.method == "GET"] == ["/redfish/v1/"]


def test_the_boot_device_is_read_anew_and_the_mode_left_alone(service: RedfishService) -> None:
    with bmc.connect(service.endpoint) as control:
        boot = bmc.capability(control, bmc.BootControl)
        assert boot.read_boot(timeout_s=_S) == BootSetting(BootDevice.DEFAULT, is_once=False, is_uefi=False)
        boot.set_boot(BootDevice.NETWORK, timeout_s=_S)
        assert boot.read_boot(timeout_s=_S) == BootSetting(BootDevice.NETWORK, is_once=True, is_uefi=False)
        service.resources[SYSTEM]["Boot"]["BootSourceOverrideTarget"] = "Hdd"  # somebody else, just now
        assert boot.read_boot(timeout_s=_S).device is BootDevice.DISK
        boot.set_boot(BootDevice.SETUP, once=False, uefi=True, timeout_s=_S)
        assert boot.read_boot(timeout_s=_S) == BootSetting(BootDevice.SETUP, is_once=False, is_uefi=True)
    first, second = (one.body["Boot"] for one in service.changes())
    assert first == {"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe"}
    assert second["BootSourceOverrideMode"] == "UEFI"


def test_a_reset_type_that_the_service_allows_is_chosen(service: RedfishService) -> None:
    with bmc.connect(service.endpoint) as control:
        control.set_power(PowerGoal.OFF, timeout_s=_S)
        control.set_power(PowerGoal.ON, timeout_s=_S)
        bmc.capability(control, bmc.SoftShutdown).shutdown(timeout_s=_S)
    assert [one.body["ResetType"] for one in service.changes()] == ["ForceOff", "ForceOn", "GracefulShutdown"]
    action = service.resources[SYSTEM]["Actions"]["#ComputerSystem.Reset"]
    action["ResetType@Redfish.AllowableValues"] = ["PushPowerButton"]  # a toggle: never
    with bmc.connect(service.endpoint) as control, pytest.raises(bmc.BmcUnsupported):
        control.set_power(PowerGoal.ON, timeout_s=_S)
    assert len(service.changes()) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, bmc.BmcRefusedCommand),
        (403, bmc.BmcCredentialsRefused),
        (404, bmc.BmcUnsupported),
        (409, bmc.BmcRefusedCommand),
        (500, bmc.BmcRefusedCommand),
        (503, bmc.BmcBusy),
        (302, bmc.BmcProtocolError),
    ],
)
def test_a_command_answered_otherwise_went_out_once(
    service: RedfishService, status: int, error: type[bmc.BmcError]
) -> None:
    service.answers["POST", RESET] = lambda _: Reply(status)
    with bmc.connect(service.endpoint) as control, pytest.raises(error):
        control.set_power(PowerGoal.OFF, timeout_s=_S)
    assert len(service.changes()) == 1
    assert service.power() == PowerState.ON


def test_sensors_watts_events_and_parts(service: RedfishService) -> None:
    with bmc.connect(service.endpoint) as control:
        sensors = bmc.capability(control, bmc.Sensors).read_sensors(timeout_s=_S)
        watts = bmc.capability(control, bmc.PowerDraw).read_power_draw(timeout_s=_S)
        log = bmc.capability(control, bmc.EventLog).read_events(timeout_s=_S)
        inventory = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=_S)
        bmc.capability(control, bmc.Identify).identify(15, timeout_s=_S)
    assert [(one.name, one.kind, one.value, one.unit, one.health) for one in sensors.readings] == [
        ("CPU 1", "temperature", 82.0, "°C", "warning"),
        ("Fan 1", "fan", None, "RPM", "ok"),
    ]
    assert (sensors.partial, watts.watts) == (None, 212)
    assert (log.total, log.partial) == (2, None)
    assert [(one.record_id, one.kind, one.severity, one.is_over, one.detail) for one in log.events] == [
        (2, "fan", "info", True, "Fan restored"),
        (1, "memory", "critical", False, "Uncorrectable memory error"),
    ]
    assert log.events[1].at == dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert (inventory.firmware, inventory.parts[0].serial, inventory.partial) == ("9.08", "SN-42", None)
    assert service.resources[SYSTEM]["LocationIndicatorActive"] is True


def test_accounts_may_be_a_fixed_number_of_slots(tmp_path: Path) -> None:
    with RedfishService(tmp_path, has_slots=True) as service, bmc.connect(service.endpoint) as control:
        users = bmc.capability(control, bmc.Users)
        made = users.create_user("guest", "first-password", privilege=Privilege.OPERATOR, timeout_s=_S)
        assert (made.name, made.privilege, made.is_enabled) == ("guest", Privilege.OPERATOR, True)
        with pytest.raises(bmc.BmcRefusedCommand):
            users.create_user("guest", "x", privilege=Privilege.USER, timeout_s=_S)
        users.set_password("guest", "another-password", timeout_s=_S)
        assert service.passwords["guest"] == "another-password"
        users.delete_user("guest", timeout_s=_S)
        assert [user.name for user in users.list_users(timeout_s=_S)] == ["admin"]
        assert "guest" not in service.passwords
        users.delete_user("guest", timeout_s=_S)  # gone already: fine
        with pytest.raises(bmc.BmcUserUnknown):
            users.set_password("guest", "x", timeout_s=_S)


def test_a_password_that_the_service_keeps_otherwise_is_found_out(service: RedfishService) -> None:
    service.answers["PATCH", f"{ACCOUNTS}/2"] = lambda _: Reply(204)
    service.passwords["guest"] = service.roles["guest"] = "old"
    service.slots.append("guest")
    with bmc.connect(service.endpoint) as control, pytest.raises(bmc.BmcCredentialsRefused):
        bmc.capability(control, bmc.Users).set_password("guest", "new", timeout_s=_S)


def test_the_plain_emulator_of_openstack(tmp_path: Path) -> None:
    """`sushy-emulator --fake` as it comes: its machine follows after 1 to 11 seconds."""
    simulated = start_emulator(tmp_path, [str(Path(sys.executable).with_name("sushy-emulator"))])
    try:
        wait_until_it_answers(simulated)
        with bmc.connect(simulated.endpoint) as control:
            assert control.power_state(timeout_s=_S) == PowerState.OFF
            boot = bmc.capability(control, bmc.BootControl)
            boot.set_boot(BootDevice.NETWORK, timeout_s=_S)
            assert boot.read_boot(timeout_s=_S).device is BootDevice.NETWORK
            outcome = bmc.ensure_power(
                control,
                PowerGoal.ON,
                deadline_s=40,
                before_command=lambda: None,
                on_progress=lambda step, **facts: None,
                resend_after_s=20,
            )
        assert (outcome.state, outcome.commands_sent) == (PowerState.ON, 1)
    finally:
        simulated.stop()


def test_a_stalled_service_costs_its_timeout(service: RedfishService) -> None:
    service.answers["GET", SYSTEM] = lambda _: time.sleep(30) or Reply()

    def ask(seconds: float) -> None:
        start = time.monotonic()
        with bmc.connect(service.endpoint) as control, pytest.raises(bmc.BmcUnreachable):
            control.power_state(timeout_s=seconds)
        in_time(start, 25)

    given_time(ask, 3, 15)
