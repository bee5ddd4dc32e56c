"""Cipher suite 0: found open where it is, and shut where it is."""

from __future__ import annotations

import dataclasses
import socket

import pytest

import bmc
from bmc.ipmi.suite_zero import lets_anybody_in
from tests.bmc.ipmi_sim import StartBmc


def test_simulated_bmc_lets_anybody_in_who_knows_a_name(start_bmc: StartBmc) -> None:
    simulated = start_bmc(password="never-told-1234")
    visitor = dataclasses.replace(simulated.endpoint, password="")
    assert lets_anybody_in(visitor, timeout_s=20)
    # The session was closed again: many more can be opened.
    assert all(lets_anybody_in(visitor, timeout_s=20) for _ in range(20))
    with bmc.connect(simulated.endpoint) as control:  # and nothing was changed
        assert control.power_state(timeout_s=20) is bmc.PowerState.ON
    assert simulated.commands() == []


def test_name_that_the_bmc_does_not_know_is_refused(start_bmc: StartBmc) -> None:
    stranger = dataclasses.replace(start_bmc().endpoint, username="nobody-here")
    assert not lets_anybody_in(stranger, timeout_s=20)


def test_silence_is_no_answer() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        endpoint = bmc.Endpoint("127.0.0.1", deaf.getsockname()[1], username="admin", password="x")
        with pytest.raises(bmc.BmcUnreachable):
            lets_anybody_in(endpoint, timeout_s=0.3)


@pytest.mark.parametrize("status", [0x11, 0x0D, 0x01])
def test_refusal_at_the_door_is_a_refusal(status: int) -> None:
    """As a BMC answers that has no such suite (0x11: no matching cipher suite)."""
    import threading

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))

        def answer() -> None:
            packet, visitor = door.recvfrom(1_024)
            body = bytes([packet[16], status, 0, 0]) + packet[20:24]
            door.sendto(packet[:5] + b"\x11" + bytes(8) + len(body).to_bytes(2, "little") + body, visitor)

        thread = threading.Thread(target=answer)
        thread.start()
        endpoint = bmc.Endpoint("127.0.0.1", door.getsockname()[1], username="admin", password="x")
        assert not lets_anybody_in(endpoint, timeout_s=20)
        thread.join(20)
