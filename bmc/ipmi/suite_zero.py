"""Whether a BMC lets anybody in: a session by cipher suite 0 needs a user's name and no password.

Cipher suite 0 of IPMI v2.0 table 22-20 authenticates nobody. Some BMCs have it on from the factory, and some
say that it is off and take it all the same: so it is tried, as an attacker would.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time

from bmc.endpoints import Endpoint
from bmc.errors import BmcUnreachable

_RMCP = b"\x06\x00\xff\x07"
_RMCP_PLUS = 0x06
_OPEN, _OPENED, _RAKP1, _RAKP2, _RAKP3, _RAKP4 = range(0x10, 0x16)
_TAG = 0x5A
_ADMINISTRATOR = 4
_NAME_ONLY = 0x10
_TRY_S = 1.0
MAX_PACKET = 1_024


def lets_anybody_in(endpoint: Endpoint, *, timeout_s: float) -> bool:
    """Try to open a session as the user on record without a password. Raises BmcUnreachable without an answer.

    Sends no command inside a session that was opened, except the one that closes it.
    """
    console = os.urandom(4)
    deadline = time.monotonic() + timeout_s
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.connect((endpoint.host, endpoint.port))
        opened = _asked(line, _OPEN, _open_request(console), _OPENED, deadline)
        if opened[1] != 0 or len(opened) < 12:
            return False  # no matching cipher suite (status 0x11), or another refusal
        managed = opened[8:12]
        second = _asked(line, _RAKP1, _rakp1(managed, endpoint.username), _RAKP2, deadline)
        if second[1] != 0:
            return False
        fourth = _asked(line, _RAKP3, bytes([_TAG, 0, 0, 0]) + managed, _RAKP4, deadline)
        is_in = fourth[1] == 0
        if is_in:
            _close(line, managed)
        return is_in


def _open_request(console: bytes) -> bytes:
    """IPMI v2.0 section 13.17: no authentication, no integrity, no confidentiality."""
    none = b"".join(bytes([kind, 0, 0, 8, 0, 0, 0, 0]) for kind in range(3))
    return bytes([_TAG, 0, 0, 0]) + console + none


def _rakp1(managed: bytes, username: str) -> bytes:
    """IPMI v2.0 section 13.20."""
    name = username.encode()
    role = _NAME_ONLY | _ADMINISTRATOR
    return bytes([_TAG, 0, 0, 0]) + managed + os.urandom(16) + bytes([role, 0, 0, len(name)]) + name


def _asked(line: socket.socket, kind: int, body: bytes, answer: int, deadline: float) -> bytes:
    """The body of the answer; packets are lost, so a question is repeated."""
    packet = _RMCP + bytes([_RMCP_PLUS, kind]) + bytes(8) + len(body).to_bytes(2, "little") + body
    while (left := deadline - time.monotonic()) > 0:
        with contextlib.suppress(ConnectionError, TimeoutError):
            line.settimeout(min(_TRY_S, left))
            line.send(packet)
            found = _body(line.recv(MAX_PACKET), answer)
            if found is not None:
                return found
    raise BmcUnreachable


def _body(packet: bytes, answer: int) -> bytes | None:
    """What is in an answer of this kind to us; None for any other packet."""
    if len(packet) < 18 or packet[:4] != _RMCP or packet[4] != _RMCP_PLUS or packet[5] & 0x3F != answer:
        return None
    body = packet[16 : 16 + int.from_bytes(packet[14:16], "little")]
    return body if len(body) >= 2 and body[0] == _TAG else None


def _close(line: socket.socket, managed: bytes) -> None:
    """Close Session (IPMI v2.0 section 22.19), so that the BMC's few sessions stay free. No answer is needed."""
    head, tail = bytes([0x20, 0x06 << 2]), bytes([0x81, 0, 0x3C]) + managed
    message = head + _checksum(head) + tail + _checksum(tail)
    session = managed + (1).to_bytes(4, "little") + len(message).to_bytes(2, "little")
    with contextlib.suppress(OSError):
        line.send(_RMCP + bytes([_RMCP_PLUS, 0]) + session + message)


def _checksum(data: bytes) -> bytes:
    return bytes([-sum(data) & 0xFF])
