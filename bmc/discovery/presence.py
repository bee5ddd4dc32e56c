"""Whether IPMI is spoken at an address, and what it tells strangers. No session is opened and nobody is named.

RMCP/ASF Presence Ping (IPMI v2.0 section 13.2.3, ASF 2.0 section 3.2.4), Get Channel Authentication Capabilities
(section 22.13), Get System GUID (22.14) and Get Channel Cipher Suites (22.15): all of them before any session.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid

Facts = dict[str, str | int | bool | list[str]]

_ASF, _IPMI = b"\x06\x00\xff\x06", b"\x06\x00\xff\x07"
_ASF_IANA = (4542).to_bytes(4, "big")
_PING, _PONG = 0x80, 0x40
_APP = 0x06
_CAPABILITIES, _GUID, _SUITES = 0x38, 0x37, 0x54
_THIS_CHANNEL = 0x0E
_TRIES = 3
_MAX_PACKET = 512
_MAX_WAITING = 16
_AUTHENTICATION = ((0, "none"), (1, "MD2"), (2, "MD5"), (4, "password"), (5, "OEM"))


async def ask(host: str, port: int, *, patience_s: float) -> Facts | None:
    """What answers there says of itself; None when nothing does, or not as IPMI says."""
    loop = asyncio.get_running_loop()
    try:
        transport, line = await loop.create_datagram_endpoint(_Line, remote_addr=(host, port))
    except OSError:
        return None
    try:
        told: Facts = {}
        first = {"ping": _ping(), "capabilities": _question(_CAPABILITIES, 0x80 | _THIS_CHANNEL, 4)}
        half = patience_s / 2
        await _put(transport, line, first, told, patience_s=half, enough="capabilities")
        if told:
            more = {"guid": _question(_GUID), "suites": _question(_SUITES, _THIS_CHANNEL, 0, 0x80)}
            await _put(transport, line, more, told, patience_s=half)
        return told or None
    finally:
        transport.close()


class _Line(asyncio.DatagramProtocol):
    """Packets from the one address that was asked: the kernel lets no others through to a connected socket."""

    def __init__(self) -> None:
        self.packets: asyncio.Queue[bytes | None] = asyncio.Queue(_MAX_WAITING)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._tell(data[:_MAX_PACKET])

    def error_received(self, exc: Exception) -> None:
        self._tell(None)  # the machine says that nobody listens there

    def _tell(self, packet: bytes | None) -> None:
        with contextlib.suppress(asyncio.QueueFull):  # a flood: it has said enough
            self.packets.put_nowait(packet)


async def _put(
    transport: asyncio.DatagramTransport,
    line: _Line,
    questions: dict[str, bytes],
    told: Facts,
    *,
    patience_s: float,
    enough: str = "",
) -> None:
    """Put the questions until they are answered, or `enough` is; each lost one three times at most."""
    answered: set[str] = set()
    for _ in range(_TRIES):
        for name, question in questions.items():
            if name not in answered:
                transport.sendto(question)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s / _TRIES):
                while not answered.issuperset(questions) and enough not in answered:
                    packet = await line.packets.get()
                    if packet is None:
                        return
                    for name, facts in _read(packet).items():
                        answered.add(name)
                        told.update(facts)
        if answered.issuperset(questions) or enough in answered:
            return


def _ping() -> bytes:
    return _ASF + _ASF_IANA + bytes([_PING, 0x5A, 0, 0])


def _question(command: int, *data: int) -> bytes:
    """A request outside any session (IPMI v2.0 sections 13.6 and 13.8)."""
    head, body = bytes([0x20, _APP << 2]), bytes([0x81, 0x04, command, *data])
    message = head + bytes([_checksum(head)]) + body + bytes([_checksum(body)])
    return _IPMI + bytes(9) + bytes([len(message)]) + message


def _checksum(data: bytes) -> int:
    return -sum(data) & 0xFF


def _read(packet: bytes) -> dict[str, Facts]:
    """By question: what a packet answers. Anything that is not exactly as it must be answers nothing."""
    if packet[:1] == _ASF[:1] and packet[3:4] == _ASF[3:]:  # its sequence number may be any
        return _read_pong(packet[4:])
    if packet[:4] != _IPMI or len(packet) < 14 or packet[4:13] != bytes(9):
        return {}
    message = packet[14 : 14 + packet[13]]
    if len(message) != packet[13] or len(message) < 8 or message[0] != 0x81 or message[1] != (_APP | 1) << 2:
        return {}
    if sum(message[:3]) & 0xFF or sum(message[3:]) & 0xFF or message[6] != 0:
        return {}
    command, data = message[5], message[7:-1]
    if command == _CAPABILITIES and len(data) >= 8:
        return {"capabilities": _capabilities(data)}
    if command == _GUID and len(data) == 16:
        return {"guid": {"uuid": str(uuid.UUID(bytes_le=data))} if any(data) else {}}
    if command == _SUITES and len(data) >= 1:
        return {"suites": _suites(data[1:])}
    return {}


def _read_pong(pong: bytes) -> dict[str, Facts]:
    if len(pong) != 24 or pong[:4] != _ASF_IANA or pong[4] != _PONG or pong[5] != 0x5A or pong[7] != 16:
        return {}
    return {"ping": {"ping": True}} if pong[16] & 0x80 else {}  # some answer who have no IPMI


def _capabilities(data: bytes) -> Facts:
    """Table 22-15."""
    kinds, status, versions = data[1], data[2], data[3]
    is_extended = bool(kinds & 0x80)
    facts: Facts = {
        "version": "2.0" if is_extended and versions & 0x02 else "1.5",
        "authentication": [name for bit, name in _AUTHENTICATION if kinds & 1 << bit],
        "anonymous": bool(status & 0x01),
        "null_user": bool(status & 0x02),
    }
    maker = int.from_bytes(data[4:7], "little")
    return facts | ({"maker": maker} if maker else {})


def _suites(records: bytes) -> Facts:
    """Table 22-19: each record begins with C0h and its number, or C1h, its number and three bytes of a maker."""
    numbers: list[str] = []
    at = 0
    while at + 1 < len(records) and records[at] in (0xC0, 0xC1):
        numbers.append(str(records[at + 1]))
        at += 2 if records[at] == 0xC0 else 5
        while at < len(records) and records[at] < 0xC0:
            at += 1
    return {"suites": numbers, "suite_zero": "0" in numbers} if numbers else {}
