"""A hall of switches that answers as fast as Python can: what a real snmpd said once is said again.

Every request is passed to one real agent (net-snmp's snmpd) the first time it is seen; afterwards the same
answer is replayed with the asker's request id and a sysUpTime that goes on. One UDP port a switch.

    python -m benchmarks.snmp_replay FIRST_PORT SWITCHES AGENT_HOST AGENT_PORT
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import Iterator

import uvloop

SEQUENCE, INTEGER, OCTETS, RESPONSE, TICKS = 0x30, 0x02, 0x04, 0xA2, 0x43
SYS_UPTIME = bytes.fromhex("06082b06010201010300")
UPTIME_CS = 2**28
"""Where sysUpTime begins: four bytes for the next 31 days, so that only their content changes."""


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(size))) + size + content


def fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a BER sequence: tag, content."""
    at = 0
    while at < len(content):
        tag, length = content[at], content[at + 1]
        at += 2
        if length & 128:
            width = length & 127
            length = int.from_bytes(content[at : at + width], "big")
            at += width
        yield tag, content[at : at + length]
        at += length


class Message:
    """An SNMPv2c message, cut where the request id is."""

    def __init__(self, datagram: bytes) -> None:
        (_, whole), *_ = fields(datagram)
        (_, version), (_, community), (self.kind, pdu) = fields(whole)
        self.head = tlv(INTEGER, version) + tlv(OCTETS, community)
        (_, request_id), *rest = fields(pdu)
        self.request_id = tlv(INTEGER, request_id)
        self.rest = b"".join(tlv(tag, content) for tag, content in rest)

    def with_long_uptime(self) -> bytes:
        """What follows the request id, sysUpTime written in four bytes."""
        *status, (_, bindings) = fields(self.rest)
        made = []
        for _, binding in fields(bindings):
            (_, name), (tag, value) = fields(binding)
            oid = tlv(0x06, name)
            made.append(
                tlv(SEQUENCE, oid + tlv(tag, UPTIME_CS.to_bytes(4, "big") if oid == SYS_UPTIME else value))
            )
        return b"".join(tlv(tag, content) for tag, content in status) + tlv(SEQUENCE, b"".join(made))


class Switch(asyncio.DatagramProtocol):
    """One port of the hall. All share what is known."""

    known: dict[tuple[int, bytes], tuple[bytes, int]]
    agent: socket.socket
    begun: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        asked = Message(data)
        key = asked.kind, asked.rest
        if (found := self.known.get(key)) is None:
            self.agent.send(data)
            rest = Message(self.agent.recv(65_535)).with_long_uptime()
            at = rest.find(SYS_UPTIME)
            found = self.known[key] = rest, at + len(SYS_UPTIME) + 2 if at >= 0 else -1
        rest, at = found
        if at >= 0:
            now = (UPTIME_CS + int((time.monotonic() - self.begun) * 100)).to_bytes(4, "big")
            rest = rest[:at] + now + rest[at + 4 :]
        self.transport.sendto(tlv(SEQUENCE, asked.head + tlv(RESPONSE, asked.request_id + rest)), address)  # type: ignore[attr-defined]


async def serve(first_port: int, switches: int, agent: tuple[str, int]) -> None:
    Switch.known, Switch.begun = {}, time.monotonic()
    Switch.agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    Switch.agent.connect(agent)
    Switch.agent.settimeout(5)
    loop = asyncio.get_running_loop()
    for port in range(first_port, first_port + switches):
        await loop.create_datagram_endpoint(Switch, local_addr=("127.0.0.1", port))
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2]), (sys.argv[3], int(sys.argv[4]))))
