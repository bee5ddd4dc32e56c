"""A minimal RMCP+ client of our own (IPMI 2.0, 13.17 to 13.24): fast, and rude where a test wants it."""

from __future__ import annotations

import hashlib
import hmac
import os
import socket
import struct
from typing import Any

TIMEOUT = 60.0
SHA1_SUITE = (1, 1, 1)


class Wire:
    """A UDP socket to one BMC."""

    def __init__(self, identity: dict[str, Any]) -> None:
        self.identity = identity
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(TIMEOUT)
        self.socket.connect((identity["host"], identity["port"]))

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    def send(self, packet: bytes) -> None:
        self.socket.send(packet)

    def exchange(self, kind: int, payload: bytes) -> bytes:
        """Send a session-less RMCP+ payload; the payload of the answer."""
        self.send(frame(kind, payload))
        return self.socket.recv(1024)[16:]

    def open(self, suite: tuple[int, int, int] = SHA1_SUITE) -> bytes:
        return self.exchange(0x10, open_request(suite))

    def login(self, *, password: str | None = None, proof: bytes | None = None) -> int:
        """A login without goodbye; the status of RAKP 4, or of RAKP 2 when that refuses."""
        user = self.identity["username"].encode()
        secret = (password or self.identity["password"]).encode()
        bmc_session = self.open()[8:12]
        mine, role = os.urandom(16), 0x14
        answer = self.exchange(0x12, bytes(4) + bmc_session + mine + bytes([role, 0, 0, len(user)]) + user)
        if answer[1]:
            return answer[1]
        theirs = answer[8:24]
        proof = proof or hmac.digest(
            secret, theirs + CLIENT_SESSION + bytes([role, len(user)]) + user, hashlib.sha1
        )
        return self.exchange(0x14, bytes(4) + bmc_session + proof)[1]


CLIENT_SESSION = struct.pack("<I", 0xA0A1A2A3)


def open_request(suite: tuple[int, int, int]) -> bytes:
    parts = (bytes([kind, 0, 0, 8, algorithm, 0, 0, 0]) for kind, algorithm in enumerate(suite))
    return bytes([7, 0, 0, 0]) + CLIENT_SESSION + b"".join(parts)


def frame(kind: int, payload: bytes, *, session: int = 0) -> bytes:
    return b"\x06\x00\xff\x07\x06" + struct.pack("<BIIH", kind, session, 0, len(payload)) + payload
