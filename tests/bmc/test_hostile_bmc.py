"""Something on port 623 that means no good: whatever it sends, an error of ours comes out in time."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import bmc
from bmc import PowerGoal, PowerState
from tests.bmc.conftest import given_time, in_time
from tests.bmc.ipmi_sim import StartBmc

Answer = Callable[[bytes], list[bytes]]
RMCP = b"\x06\x00\xff\x07"
MARK = b"<script>secret-from-the-bmc</script>"


@contextmanager
def hostile_bmc(answer: Answer) -> Iterator[bmc.Endpoint]:
    """A UDP server that sends `answer(packet)` for every packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        is_over = threading.Event()

        def serve() -> None:
            while not is_over.is_set():
                try:
                    packet, sender = sock.recvfrom(65536)
                except TimeoutError:
                    continue
                for reply in answer(packet):
                    sock.sendto(reply, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield bmc.Endpoint("127.0.0.1", sock.getsockname()[1], username="admin", password="s3cret")
        finally:
            is_over.set()
            thread.join()


def auth_capabilities(body: bytes) -> bytes:
    """An answer to Get Channel Authentication Capabilities with `body` after the completion code."""
    message = b"\x81\x1c\x63\x20\x00\x38\x00" + body + b"\x00"
    return RMCP + bytes(9) + bytes([len(message)]) + message


IPMI_20 = auth_capabilities(b"\x01\x80\x04\x02\x00\x00\x00\x00")
IPMI_15 = auth_capabilities(b"\x01\x04\x04\x01\x00\x00\x00\x00")


def session_payload(kind: int, body: bytes) -> bytes:
    """An RMCP+ payload outside of a session (IPMI v2.0 table 13-8)."""
    return RMCP + bytes([6, kind]) + bytes(8) + len(body).to_bytes(2, "little") + body


def signs_in_then(kind: int, body: bytes) -> Answer:
    """Behaves until the open-session request and answers that with `kind` and `body`."""

    def answer(packet: bytes) -> list[bytes]:
        if packet[4] == 0:
            return [IPMI_20]
        tag, console_sid = packet[16:17], packet[20:24]
        return [session_payload(kind, body.replace(b"TT", tag).replace(b"SSSS", console_sid))]

    return answer


NONSENSE: dict[str, Answer] = {
    "garbage": lambda packet: [os.urandom(64)],
    "text": lambda packet: [b"HTTP/1.1 400 Bad Request\r\n\r\n" + MARK],
    "empty": lambda packet: [b""],
    "a header and nothing else": lambda packet: [RMCP],
    "cut short": lambda packet: [IPMI_20[:18]],
    "too short for its length": lambda packet: [RMCP + bytes(9) + b"\xff\x81\x1c\x63\x20\x00\x38\x00"],
    "huge": lambda packet: [RMCP + MARK * 1800],
    "an echo": lambda packet: [packet],
    "IPMI 1.5 only": lambda packet: [IPMI_15],
    "capabilities without a body": lambda packet: [auth_capabilities(b"")],
    "a short open-session answer": signs_in_then(0x11, b"TT\x00"),
    "no cipher suite": signs_in_then(0x11, b"TT\x11" + bytes(6)),
    "an unknown status": signs_in_then(0x11, b"TT\xee" + bytes(6)),
}
STUCK: dict[str, Answer] = {
    "nothing": lambda packet: [],
    "silence after the capabilities": lambda packet: [IPMI_20] if packet[4] == 0 else [],
    "a foreign session": signs_in_then(0x11, b"TT\x00\x04\x00" + b"XXXX" + bytes(28)),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_a_protocol_error_in_our_words(name: str) -> None:
    def act(seconds: float) -> None:
        start = time.monotonic()
        with pytest.raises(bmc.BmcProtocolError) as caught:
            control.set_power(PowerGoal.OFF, timeout_s=seconds)
        in_time(start, seconds + 3.3)  # pyghmi alone takes five
        assert str(caught.value) == f"bmc_protocol_error: {bmc.BmcProtocolError.advice}"

    # A child that begins at the last moment has heard nothing yet when its time is up.
    too_short = (bmc.BmcDeadlineExceeded, bmc.BmcUnreachable)
    with hostile_bmc(NONSENSE[name]) as endpoint, bmc.connect(endpoint) as control:
        given_time(act, 1.5, 10, too_short=too_short)


@pytest.mark.parametrize("name", STUCK)
def test_one_that_stops_half_way_is_unreachable(name: str) -> None:
    def act(seconds: float) -> None:
        start = time.monotonic()
        with pytest.raises(bmc.BmcUnreachable) as caught:
            control.power_state(timeout_s=seconds)
        in_time(start, seconds + 3.3)  # pyghmi alone takes five
        assert str(caught.value) == f"bmc_unreachable: {bmc.BmcUnreachable.advice}"

    with hostile_bmc(STUCK[name]) as endpoint, bmc.connect(endpoint) as control:
        given_time(act, 1.5, 10)


def test_a_flood_does_not_outlast_the_deadline_and_costs_the_neighbours_nothing(start_bmc: StartBmc) -> None:
    neighbour = start_bmc().endpoint
    with hostile_bmc(lambda packet: [os.urandom(1400) for _ in range(20_000)]) as hostile:
        start = time.monotonic()
        answers = bmc.sweep_power({"hostile": hostile, "neighbour": neighbour}, timeout_s=20)
        assert time.monotonic() - start < 60
    assert isinstance(answers["hostile"], bmc.BmcProtocolError | bmc.BmcUnreachable)
    assert answers["neighbour"] == PowerState.ON
