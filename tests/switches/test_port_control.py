"""Ports switched by SNMP SET on net-snmp's snmpd, whose ports are the kernel's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

import switches
from switches import Agent, SnmpPortControl
from tests.switches.namespaces import AFTER_BROWSERS, V3, RealSwitch, running_snmpd, running_switch

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
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSwitch]:
    directory = tmp_path_factory.mktemp("snmpd")
    with (
        running_switch(directory / "state", ports=2) as switch,
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
    with pytest.raises(error):
        control.set_enabled(index, "port2", is_enabled=False, before_command=lambda: None)
    assert _is_up(real, "port2")
