"""The wire between web processes and the console gateway: nobody without `SECRET_KEY` can speak, listen or replay.

Both sides send 32 random bytes. From them and the installation's key each derives two keys (HKDF-SHA256), one per
direction; every frame is sealed with AES-256-GCM under a counter. So a stranger's first frame does not open, a recorded
conversation fits no other connection, and nothing can be left out, repeated or changed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import struct
from collections.abc import Awaitable, Callable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opsportal.settings import settings

MAGIC: Final = b"consoles 1\n"
LARGEST: Final = 1 << 18
"""Bytes in one frame, sealed."""
_NONCE = 32
_TAG = 16

CONTROL, DATA = b"c", b"d"


class ChannelLost(Exception):
    """The other side has gone, or never was who it must be. Nothing that it sent can be trusted."""


class GatewayAway(Exception):
    """There is no gateway, or it does not answer."""


def _keys(first: bytes, second: bytes) -> tuple[AESGCM, AESGCM]:
    secret = base64.urlsafe_b64decode(settings().secret_key.get_secret_value())
    derived = HKDF(algorithm=SHA256(), length=64, salt=first + second, info=MAGIC).derive(secret)
    return AESGCM(derived[:32]), AESGCM(derived[32:])


class Channel:
    """Sealed frames over one connection: a kind (`CONTROL` or `DATA`) and bytes."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, seals: AESGCM, opens: AESGCM
    ) -> None:
        self._reader, self._writer = reader, writer
        self._seals, self._opens = seals, opens
        self._sent = self._received = 0

    async def send(self, kind: bytes, content: bytes) -> None:
        """Send a frame; waits while the other side does not read. Raises ChannelLost."""
        self.put(kind, content)
        try:
            await self._writer.drain()
        except OSError as lost:
            raise ChannelLost from lost

    def put(self, kind: bytes, content: bytes) -> None:
        """Send a frame without waiting."""
        sealed = self._seals.encrypt(struct.pack(">4xQ", self._sent), kind + content, None)
        self._sent += 1
        self._writer.write(struct.pack(">I", len(sealed)) + sealed)

    @property
    def backlog(self) -> int:
        """Bytes that the other side has not taken yet, as far as this process knows."""
        return self._writer.transport.get_write_buffer_size()

    async def receive(self) -> tuple[bytes, bytes]:
        """The next frame. Raises ChannelLost."""
        try:
            (length,) = struct.unpack(">I", await self._reader.readexactly(4))
            if not _TAG < length <= LARGEST:
                raise ChannelLost
            sealed = await self._reader.readexactly(length)
            plain = self._opens.decrypt(struct.pack(">4xQ", self._received), sealed, None)
        except (OSError, asyncio.IncompleteReadError, InvalidTag) as lost:
            raise ChannelLost from lost
        self._received += 1
        return plain[:1], plain[1:]

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def abort(self) -> None:
        """Close at once; what was not sent is dropped."""
        self._writer.transport.abort()


async def connect() -> Channel:
    """A channel to the gateway. Raises GatewayAway."""
    reader, writer, greeting = await _knock(patience_s=5.0)
    own = os.urandom(_NONCE)
    writer.write(own)
    to_gateway, to_web = _keys(greeting, own)
    return Channel(reader, writer, seals=to_gateway, opens=to_web)


async def is_answering() -> bool:
    """Whether a gateway greets where the settings say; for health."""
    try:
        _, writer, _ = await _knock(patience_s=1.0)
    except GatewayAway:
        return False
    writer.transport.abort()
    return True


async def _knock(*, patience_s: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    kind, _, place = settings().console_gateway.partition(":")
    if not place:
        raise GatewayAway
    try:
        async with asyncio.timeout(patience_s):
            if kind == "unix":
                reader, writer = await asyncio.open_unix_connection(place)
            else:
                host, _, port = place.rpartition(":")
                reader, writer = await asyncio.open_connection(host, int(port))
            greeting = await reader.readexactly(len(MAGIC) + _NONCE)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as away:
        raise GatewayAway from away
    if not greeting.startswith(MAGIC):
        writer.transport.abort()
        raise GatewayAway
    return reader, writer, greeting[len(MAGIC) :]


async def listen(serve: Callable[[Channel], Awaitable[None]]) -> asyncio.Server:
    """Accept channels where the settings say; `serve` gets each and closes it. Raises OSError, ValueError."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        own = os.urandom(_NONCE)
        try:
            writer.write(MAGIC + own)
            async with asyncio.timeout(5):
                theirs = await reader.readexactly(_NONCE)
            to_gateway, to_web = _keys(own, theirs)
            await serve(Channel(reader, writer, seals=to_web, opens=to_gateway))
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()  # a stranger, or this process ends: no reason to complain in the log

    kind, _, place = settings().console_gateway.partition(":")
    if kind == "unix":
        before = os.umask(0o177)
        try:
            return await asyncio.start_unix_server(accept, place)
        finally:
            os.umask(before)
    if kind == "tcp":
        host, _, port = place.rpartition(":")
        return await asyncio.start_server(accept, host, int(port))
    raise ValueError("CONSOLE_GATEWAY is not set")
