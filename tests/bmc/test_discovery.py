"""Knocking at doors: what real BMCs tell strangers, and what hostile ones cannot make of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bmc.discovery import Door, Found, knock
from bmc.discovery.presence import _read
from bmc.discovery.service_root import MAX_ANSWER, _facts
from tests.bmc.ipmi_sim import StartBmc
from tests.bmc.redfish_sim import StartRedfish
from tests.ports import free_port

LONG_S = 60.0
PONG = bytes.fromhex("0600ff06000011be405a0010000011be000000008100000000000000")


def test_simulated_bmc_answers_presence_and_tells_what_it_takes(start_bmc: StartBmc) -> None:
    simulated = start_bmc().endpoint
    door = Door("ipmi", simulated.host, simulated.port)
    found, nothing = knock([door, Door("ipmi", simulated.host, free_port())], patience_s=LONG_S)
    assert nothing is None
    assert found is not None
    assert str(found.facts.pop("uuid")).startswith("674523a1-ab89-efcd-a123-")
    assert found == Found(
        door,
        {
            "ping": True, "version": "2.0", "authentication": ["MD5"], "anonymous": False, "null_user": False,
             "suites": ["0", "1", "2"], "suite_zero": True,
        },
    )  # fmt: skip


def test_redfish_service_is_known_by_its_root_and_its_certificate(start_redfish: StartRedfish) -> None:
    simulated = start_redfish().endpoint
    door = Door("redfish", simulated.host, simulated.port)
    found, nothing = knock([door, Door("redfish", simulated.host, free_port())], patience_s=LONG_S)
    assert nothing is None
    assert found is not None
    assert found.fingerprint == simulated.fingerprint
    assert found.facts["version"]
    assert set(found.facts) <= {"version", "vendor", "product", "uuid"}


@contextmanager
def answering(answer: Callable[[bytes], list[bytes]]) -> Iterator[Door]:
    """Something on a UDP port that answers so."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        line.settimeout(LONG_S)
        is_over = threading.Event()

        def serve() -> None:
            while True:
                packet, visitor = line.recvfrom(1_024)
                if is_over.is_set():
                    return
                for one in answer(packet):
                    line.sendto(one, visitor)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Door("ipmi", "127.0.0.1", line.getsockname()[1])
        finally:
            is_over.set()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
                last.sendto(b"", line.getsockname())
            thread.join(LONG_S)


def test_pong_counts_when_it_says_ipmi() -> None:
    """Devices that answer the ping and have no IPMI clear bit 7 of the supported entities."""
    assert _read(PONG) == {"ping": {"ping": True}}
    assert _read(PONG[:20] + b"\x01" + PONG[21:]) == {}
    assert _read(PONG[:10]) == {}


def test_flood_of_nonsense_is_no_bmc_and_ends() -> None:
    def nonsense(packet: bytes) -> list[bytes]:
        return [bytes(1_000), PONG[:-1], PONG[:20] + b"\x00" + PONG[21:], packet, b""] * 20

    with answering(nonsense) as door:
        assert knock([door], patience_s=0.3) == [None]


def message(command: int, data: bytes) -> bytes:
    head, body = b"\x81\x1c", bytes([0x20, 0x04, command, 0]) + data
    told = head + bytes([-sum(head) & 0xFF]) + body
    told += bytes([-sum(body) & 0xFF])
    return b"\x06\x00\xff\x07" + bytes(9) + bytes([len(told)]) + told


def test_answers_are_read_as_the_specification_says() -> None:
    told = _read(message(0x38, bytes.fromhex("0196030200a20200")))["capabilities"]
    assert told == {
        "version": "2.0", "authentication": ["MD2", "MD5", "password"], "anonymous": True, "null_user": True,
        "maker": 0x02A200,
    }  # fmt: skip
    assert _read(message(0x54, bytes.fromhex("01c003014181c0110341")))["suites"]["suites"] == ["3", "17"]
    assert _read(message(0x37, bytes(16))) == {"guid": {}}


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_half_an_answer_is_none(cut: int) -> None:
    whole = message(0x38, bytes.fromhex("0184000200000000"))
    assert _read(whole)
    assert _read(whole[:-cut]) == {}
    assert _read(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]) == {}  # a wrong checksum


def http(body: bytes, head: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00" * 200,
        b"HTTP/1.1 401 Unauthorized\r\n\r\n{}",
        http(b"<html>"),
        http(b"[]"),
        http(b'{"RedfishVersion": 1}'),
        http(b'{"RedfishVersion": "<b>1.0.0</b>"}'),
        http(b"[" * MAX_ANSWER),
        http(b'{"RedfishVersion": "1.0.0"', "Content-Length: 999999999\r\n"),
        http(b"zz\r\n{}", "Transfer-Encoding: chunked\r\n"),
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n{}",
    ],
)
def test_what_is_no_service_root_is_none(answer: bytes) -> None:
    assert _facts(answer) is None


def test_texts_of_a_service_root_are_short_and_harmless() -> None:
    said = (
        b'{"RedfishVersion": "1.6.0", "Vendor": "A\\u0000B\\u202e  <i>", "Product": "%s", "UUID": "../x"}'
        % (b"P" * 500)
    )
    assert _facts(http(said)) == {"version": "1.6.0", "vendor": "A B <i>", "product": "P" * 60}
