"""The BMC's side of RMCP+ with cipher suite 3, written from IPMI v2.0 section 13, for a BMC that lies inside a session.

    def respond(netfn: int, command: int, data: bytes) -> bytes | None: ...   # completion code and data

    with hostile_bmc(SessionBmc(respond)) as endpoint: ...

`mangle` may change, repeat or drop the finished packet of each answer.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

Respond = Callable[[int, int, bytes], bytes | None]
Mangle = Callable[[bytes], list[bytes]]

RMCP = b"\x06\x00\xff\x07"
PASSWORD = b"s3cret"
SID = b"BMC!"
_GUID = bytes(range(16))
_ALGORITHMS = (
    b"\x00\x00\x00\x08\x01\x00\x00\x00\x01\x00\x00\x08\x01\x00\x00\x00\x02\x00\x00\x08\x01\x00\x00\x00"
)


def checksum(data: bytes) -> bytes:
    return bytes([-sum(data) & 0xFF])


def message(netfn: int, sequence: int, command: int, body: bytes) -> bytes:
    """An IPMI LAN response (IPMI v2.0 section 13.8)."""
    head = bytes([0x81, (netfn | 1) << 2])
    tail = bytes([0x20, sequence, command]) + body
    return head + checksum(head) + tail + checksum(tail)


def outside(kind: int, body: bytes) -> bytes:
    """A payload outside of a session."""
    return RMCP + bytes([6, kind]) + bytes(8) + len(body).to_bytes(2, "little") + body


def authentication_capabilities() -> bytes:
    body = message(0x06, 0, 0x38, b"\x00\x01\x80\x04\x02\x00\x00\x00\x00")
    return RMCP + bytes(9) + bytes([len(body)]) + body


@dataclass
class SessionBmc:
    """Signs anybody in who has the password, and then answers by `respond`."""

    respond: Respond
    mangle: Mangle = lambda packet: [packet]
    commands: list[tuple[int, int, bytes]] = field(default_factory=list)
    _console: bytes = b""
    _console_random: bytes = b""
    _random: bytes = b""
    _who: bytes = b""
    _k1: bytes = b""
    _k2: bytes = b""
    _sik: bytes = b""
    _sequence: int = 0

    def __call__(self, packet: bytes) -> list[bytes]:
        if packet[4] != 6:
            return [authentication_capabilities()]
        kind, body = packet[5] & 0x3F, packet[16:]
        if kind == 0x10:
            self._console = body[4:8]
            return [outside(0x11, body[:1] + b"\x00\x04\x00" + self._console + SID + _ALGORITHMS)]
        if kind == 0x12:
            return [outside(0x13, self._rakp_2(body))]
        if kind == 0x14:
            proof = self._sign(self._sik, self._console_random + SID + _GUID)[:12]
            return [outside(0x15, body[:1] + b"\x00\x00\x00" + self._console + proof)]
        return self._in_session(packet)

    @staticmethod
    def _sign(key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, hashlib.sha1)

    def _rakp_2(self, body: bytes) -> bytes:
        self._console_random, self._random = body[8:24], os.urandom(16)
        self._who = body[24:25] + body[27:28] + body[28:]
        self._sik = self._sign(PASSWORD, self._console_random + self._random + self._who)
        self._k1, self._k2 = (self._sign(self._sik, bytes([n]) * 20) for n in (1, 2))
        self._sequence = 0
        proof = self._console + SID + self._console_random + self._random + _GUID + self._who
        return body[:1] + b"\x00\x00\x00" + self._console + self._random + _GUID + self._sign(PASSWORD, proof)

    def _cipher(self, iv: bytes) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._k2[:16]), modes.CBC(iv))

    def _in_session(self, packet: bytes) -> list[bytes]:
        length = int.from_bytes(packet[14:16], "little")
        sealed = packet[16 : 16 + length]
        opening = self._cipher(sealed[:16]).decryptor()
        plain = opening.update(sealed[16:]) + opening.finalize()
        request = plain[: -1 - plain[-1]]
        netfn, command, data = request[1] >> 2, request[5], request[6:-1]
        self.commands.append((netfn, command, data))
        body = self.respond(netfn, command, data)
        if body is None:
            return []
        return self.mangle(self.seal(message(netfn, request[4], command, body)))

    def seal(self, plain: bytes) -> bytes:
        """A payload of IPMI, encrypted and signed."""
        self._sequence += 1
        padding = -(len(plain) + 1) % 16
        iv = os.urandom(16)
        sealing = self._cipher(iv).encryptor()
        sealed = (
            iv + sealing.update(plain + bytes(range(1, padding + 1)) + bytes([padding])) + sealing.finalize()
        )
        head = b"\x06\xc0" + self._console + self._sequence.to_bytes(4, "little")
        inside = head + len(sealed).to_bytes(2, "little") + sealed
        fill = -(len(inside) + 2) % 4
        inside += b"\xff" * fill + bytes([fill, 0x07])
        return RMCP + inside + self._sign(self._k1, inside)[:12]
