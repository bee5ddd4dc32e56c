"""RFB (RFC 6143) between a browser and a machine's VNC server: we sign in, the browser gets what is behind.

The browser is told that no password is needed; the password stays here. What the browser sends is taken apart, so
that a viewer who may only watch can send no key and no click, and nobody can send what we do not know.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

VERSION = b"RFB 003.008\n"
_NONE, _VNC_AUTH = 1, 2  # section 7.1.2
_LONGEST_REASON = 4096
_LARGEST_CLIPBOARD = 4096
_MOST_ENCODINGS = 64

# What may be asked for: encodings of section 7.7 and the pseudo-encodings that change nothing about what a
# client may send. Without this, a browser could switch on messages that `ClientMessages` does not know.
ENCODINGS = frozenset(
    {0, 1, 2, 5, 6, 7, 16, 21, -223, -224, -239, -258, -260, -314}
    | set(range(-32, -22))
    | set(range(-256, -246))
)


class ScreenUnusable(Exception):
    """The VNC server cannot be used. `code` is stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class BadMessage(Exception):
    """The browser sent what no client of ours sends."""


def vnc_response(password: str, challenge: bytes) -> bytes:
    """DES of the challenge under the password, each byte's bits mirrored (RFC 6143 section 7.2.2, errata)."""
    key = bytes(
        int(f"{byte:08b}"[::-1], 2) for byte in password.encode("latin-1", "replace")[:8].ljust(8, b"\0")
    )
    # Three times the same key is single DES, which the library no longer has by itself.
    encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()  # noqa: S305 (what RFB prescribes)
    return encryptor.update(challenge) + encryptor.finalize()


async def sign_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> bytes:
    """Do the handshake with the VNC server, sharing the screen. Returns its ServerInit. Raises ScreenUnusable."""
    try:
        return await _sign_in(reader, writer, password)
    except (asyncio.IncompleteReadError, OSError, struct.error) as lost:
        raise ScreenUnusable("screen_unreachable") from lost


async def _sign_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str) -> bytes:
    if not (await reader.readexactly(12)).startswith(b"RFB 003.00"):
        raise ScreenUnusable("screen_protocol")
    writer.write(VERSION)
    (count,) = await reader.readexactly(1)
    offered = await reader.readexactly(count) if count else b""
    if password and _VNC_AUTH in offered:
        writer.write(bytes([_VNC_AUTH]))
        writer.write(vnc_response(password, await reader.readexactly(16)))
    elif _NONE in offered:
        writer.write(bytes([_NONE]))
    else:
        raise ScreenUnusable("screen_refused" if count else "screen_busy")
    (result,) = struct.unpack(">I", await reader.readexactly(4))
    if result:
        raise ScreenUnusable("screen_refused")
    writer.write(b"\x01")  # shared: others may watch too
    init = await reader.readexactly(24)
    (length,) = struct.unpack(">I", init[20:])
    if length > _LONGEST_REASON:
        raise ScreenUnusable("screen_protocol")
    await reader.readexactly(length)  # its name: a tenant may have chosen it, and nobody needs it
    name = b"screen"
    return init[:20] + struct.pack(">I", len(name)) + name


class Greeting:
    """The handshake that the browser sees: RFB 3.8, no password, our ServerInit."""

    def __init__(self, server_init: bytes) -> None:
        self._init = server_init
        self._stage = 0
        self._unread = b""

    hello = VERSION

    @property
    def is_over(self) -> bool:
        return self._stage == 3

    def take(self, data: bytes) -> tuple[bytes, bytes]:
        """What to answer, and what is left over once the handshake is done. Raises BadMessage."""
        self._unread += data
        answer = b""
        expected = ((12, b"\x01\x01"), (1, b"\0\0\0\0"), (1, self._init))
        while self._stage < 3 and len(self._unread) >= expected[self._stage][0]:
            size, reply = expected[self._stage]
            said, self._unread = self._unread[:size], self._unread[size:]
            if (self._stage == 0 and said != VERSION) or (self._stage == 1 and said != b"\x01"):
                raise BadMessage
            answer += reply
            self._stage += 1
        if self._stage < 3:
            return answer, b""
        rest, self._unread = self._unread, b""
        return answer, rest


@dataclass(frozen=True)
class Message:
    """One whole client message."""

    content: bytes
    is_input: bool
    """A key, a click or a clipboard: only for the one who types."""


class ClientMessages:
    """Takes the browser's bytes apart into messages (section 7.5); holds on to an unfinished one."""

    def __init__(self) -> None:
        self._unread = b""

    def take(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now. Raises BadMessage for one that no client of ours sends."""
        self._unread += data
        while self._unread:
            size = self._size()
            if size is None or len(self._unread) < size:
                return
            content, self._unread = self._unread[:size], self._unread[size:]
            yield Message(_known(content), is_input=content[0] in (4, 5, 6, 255))

    def _size(self) -> int | None:
        kind, data = self._unread[0], self._unread
        if kind in (0, 3, 4, 5):
            return {0: 20, 3: 10, 4: 8, 5: 6}[kind]
        if kind == 2:
            count = _number(data, 2, ">H")
            if count is not None and count > _MOST_ENCODINGS:
                raise BadMessage
            return None if count is None else 4 + 4 * count
        if kind == 6:
            length = _number(data, 4, ">i")
            if length is not None and not 0 <= length <= _LARGEST_CLIPBOARD:
                raise BadMessage
            return None if length is None else 8 + length
        if kind == 255:  # QEMU's extended key event, sub-type 0: 12 bytes
            if len(data) > 1 and data[1] != 0:
                raise BadMessage
            return 12
        raise BadMessage


def _number(data: bytes, at: int, form: str) -> int | None:
    end = at + struct.calcsize(form)
    return int(struct.unpack(form, data[at:end])[0]) if len(data) >= end else None


def _known(content: bytes) -> bytes:
    """SetEncodings without what is not in `ENCODINGS`; any other message as it is."""
    if content[0] != 2:
        return content
    asked = struct.unpack(f">{(len(content) - 4) // 4}i", content[4:])
    kept = [encoding for encoding in asked if encoding in ENCODINGS]
    return struct.pack(f">BxH{len(kept)}i", 2, len(kept), *kept)
