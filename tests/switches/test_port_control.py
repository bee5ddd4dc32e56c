"""Ports switched by SNMP SET on net-snmp's snmpd, whose ports are the kernel's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest
from sqlmodel import select

import switches
from opsportal.components.wiring_labels import CHECK_ERROR
from opsportal.db import unit_of_work
from opsportal.domain.inventory import switch_checks
from opsportal.domain.inventory.switch_checks import Check
from opsportal.domain.vault import seal
from opsportal.models import Role, SnmpVersion, Switch, SwitchPort
from stack.disposable import Run
from switches import Agent, SnmpPortControl
from tests.builders import make_actor
from tests.cabling import make_switch
from tests.conftest import _forget_process_caches
from tests.switches.namespaces import AFTER_BROWSERS, V3, RealSwitch, running_snmpd, running_switch
from workers import switch_checks as asking

WRITE = "rwcommunity secret\ncreateUser writer SHA write-auth AES write-priv\nrwuser writer priv\n"
WRITER = {
    "username": "writer",
    "auth_protocol": "sha1",
    "auth_password": "write-auth",
    "priv_protocol": "aes128",
    "priv_password": "write-priv",
}
PORT = 1_161
pytestmark = AFTER_BROWSERS


@pytest.fixture(scope="module")
def real(databases: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwitch]:
    directory = tmp_path_factory.mktemp("snmpd")
    with (
        running_switch(databases, directory / "state", ports=2) as switch,
        running_snmpd(switch, directory / "rw", configuration=WRITE, port=PORT),
    ):
        yield switch


def _index(agent: Agent, name: str) -> int:
    found = switches.discover_switches({1: agent})[1]
    assert isinstance(found, switches.Discovery)
    return next(port.if_index for port in found.ports if port.if_name == name)


def _is_up(switch: RealSwitch, name: str) -> bool:
    command = ["ip", "-n", switch.inside, "-o", "link", "show", name]
    shown = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    return ",UP" in shown.split(">")[0]


@pytest.mark.parametrize("version", ["2c", "3"])
def test_a_port_goes_down_and_up_again_and_is_read_back(real: RealSwitch, version: str) -> None:
    reader = Agent(real.host, PORT, community="public")
    writer = (
        Agent(real.host, PORT, community="secret") if version == "2c" else Agent(real.host, PORT, **WRITER)
    )
    control = SnmpPortControl(reader, writer)
    index, sent = _index(reader, "port1"), []
    state = control.set_enabled(index, "port1", is_enabled=False, before_command=lambda: sent.append("down"))
    assert (state.if_name, state.is_enabled, state.is_up) == ("port1", False, False)
    assert not _is_up(real, "port1")
    assert _is_up(real, "port2")
    state = control.set_enabled(index, "port1", is_enabled=False, before_command=lambda: sent.append("again"))
    assert (state.is_enabled, state.is_up) == (False, False)
    state = control.set_enabled(index, "port1", is_enabled=True, before_command=lambda: sent.append("up"))
    assert state.is_enabled
    assert _is_up(real, "port1")
    assert control.may_write() is True
    assert sent == ["down", "up"]  # nothing is sent for a port that is there already
    assert (state.in_errors, state.out_errors) == (0, 0)


def test_what_stops_a_command_stops_it(real: RealSwitch) -> None:
    agent = Agent(real.host, PORT, community="secret")
    control = SnmpPortControl(agent, agent)
    index = _index(agent, "port2")

    def not_ours() -> None:
        raise PermissionError("the lease is somebody else's")

    with pytest.raises(PermissionError):
        control.set_enabled(index, "port2", is_enabled=False, before_command=not_ours)
    with pytest.raises(switches.SwitchPortMoved):
        control.set_enabled(index, "port1", is_enabled=False, before_command=not_ours)
    with pytest.raises(switches.SwitchPortMoved):
        control.read(99_999)
    assert _is_up(real, "port2")


@pytest.mark.parametrize(
    ("writer", "error"),
    [
        ({"community": "public"}, switches.SwitchWriteRefused),
        (V3, switches.SwitchWriteRefused),
        ({**WRITER, "auth_password": "another-one"}, switches.SwitchCredentialsRefused),
        ({**WRITER, "username": "nobody"}, switches.SwitchCredentialsRefused),
        ({"community": "unknown"}, switches.SwitchUnreachable),
    ],
    ids=["reading-community", "reading-user", "wrong-password", "unknown-user", "unknown-community"],
)
def test_who_may_not_write_changes_nothing(
    real: RealSwitch, writer: dict[str, str], error: type[switches.SwitchError]
) -> None:
    reader = Agent(real.host, PORT, community="public")
    tries = 1 if error is switches.SwitchUnreachable else 3  # silence is the answer there
    control = SnmpPortControl(reader, Agent(real.host, PORT, **writer), tries=tries)
    index = _index(reader, "port2")
    if error is switches.SwitchWriteRefused:
        assert control.may_write() is False
    elif error is switches.SwitchCredentialsRefused:
        with pytest.raises(error):
            control.may_write()
    with pytest.raises(error):
        control.set_enabled(index, "port2", is_enabled=False, before_command=lambda: None)
    assert _is_up(real, "port2")


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SWITCH_NETWORKS", "169.254.0.0/16,127.0.0.0/8")
    _forget_process_caches()
    yield
    monkeypatch.undo()
    _forget_process_caches()


def _asked(switch: Switch) -> Check:
    """A person has it asked, and the worker's call comes."""
    number = switch.id or 0
    with unit_of_work() as unit:
        switch_checks.ask(unit, make_actor(role=Role.TECHNICIAN), number)
    asking.run(number)
    with unit_of_work() as unit:
        return switch_checks.check_of(unit, number)


@pytest.mark.usefixtures("portal", "reachable")
def test_a_switch_that_is_asked_says_who_it_is_and_whether_it_can_be_set(real: RealSwitch) -> None:
    reading = {"username": V3["username"], "auth_protocol": "sha1", "priv_protocol": "aes128"}
    sealed = {name: seal(str(V3[name])) for name in ("auth_password", "priv_password")}
    user = {**reading, **sealed, "community": None, "snmp_version": SnmpVersion.V3}
    known = {"host": real.host, "port": PORT}
    for access, write, said in (
        ({"community": seal("public")}, seal("secret"), "allowed"),
        (user, seal("secret"), "allowed"),
        ({"community": seal("public")}, seal("public"), "refused"),
        ({"community": seal("public")}, None, ""),
    ):
        row = make_switch(**known, **access, write_community=write)
        found = _asked(row)
        assert (found.status, found.error_code, found.write) == ("answered", "", said)
        assert found.sys_name == os.uname().nodename
        with unit_of_work() as unit:
            names = set(unit.exec(select(SwitchPort.if_name).where(SwitchPort.switch_id == row.id)))
        assert {"port1", "port2", "mgmt"} <= names  # on record at once
        assert found.ports == len(names)
    assert _is_up(real, "port1")
    assert _is_up(real, "port2")


@pytest.mark.usefixtures("portal", "reachable")
def test_a_switch_that_cannot_be_asked_says_why_in_a_code_that_has_words(
    real: RealSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {**WRITER, "auth_password": seal("another-one"), "priv_password": seal("write-priv")}
    for changes, code in (
        ({"community": seal("unknown")}, "switch_unreachable"),
        ({"host": "192.0.2.1"}, "switch_outside_networks"),
        ({"community": b"sealed with another key"}, "switch_misconfigured"),
        ({**wrong, "community": None, "snmp_version": SnmpVersion.V3}, "switch_credentials_refused"),
    ):
        # Silence is waited for; a switch that answers has time for it.
        monkeypatch.setenv("SWITCH_TIMEOUT_S", "0.2" if code == "switch_unreachable" else "5")
        _forget_process_caches()
        found = _asked(make_switch(**({"host": real.host, "port": PORT} | changes)))
        assert (found.status, found.error_code) == ("failed", code)
        assert code in CHECK_ERROR
