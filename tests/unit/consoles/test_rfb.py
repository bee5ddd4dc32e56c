"""RFB: the handshake on both sides, and what a browser may send."""

from __future__ import annotations

import asyncio
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.consoles.rfb import (
    VERSION,
    BadMessage,
    ClientMessages,
    Greeting,
    ScreenUnusable,
    sign_in,
    vnc_response,
)

_KEY = struct.pack(">BBxxI", 4, 1, 0x61)
_POINTER = struct.pack(">BBHH", 5, 1, 10, 10)
_ASK = struct.pack(">BBHHHH", 3, 1, 0, 0, 640, 400)
_QEMU_KEY = struct.pack(">BBHII", 255, 0, 1, 0x61, 30)


def test_password_answer_is_des_with_mirrored_bits() -> None:
    # Against OpenSSL: key bits of "s3cret" mirrored, DES-ECB of sixteen "0".
    assert vnc_response("s3cret", b"0" * 16).hex() == "81b6e4c6a9577c9681b6e4c6a9577c96"


def test_messages_are_told_apart_however_they_are_cut() -> None:
    whole = _KEY + _ASK + _POINTER + _QEMU_KEY + struct.pack(">BxxxI", 6, 2) + b"hi"
    messages = ClientMessages()
    found = [message for byte in whole for message in messages.take(bytes([byte]))]
    assert [message.is_input for message in found] == [True, False, True, True, True]
    assert b"".join(message.content for message in found) == whole


def test_encodings_that_would_change_what_clients_send_are_left_out() -> None:
    asked = struct.pack(">BxH6i", 2, 6, 7, -316, 16, -313, -312, 0)
    (kept,) = ClientMessages().take(asked)
    assert kept.content == struct.pack(">BxH3i", 2, 3, 7, 16, 0)


@pytest.mark.parametrize(
    "sent",
    [b"\xfa\x00\x01\x02", b"\x01", b"\xff\x01", struct.pack(">BxxxI", 6, 5000), struct.pack(">Bxxxi", 6, -5),
     struct.pack(">BxH", 2, 65)],
)  # fmt: skip
def test_anything_else_is_refused(sent: bytes) -> None:
    with pytest.raises(BadMessage):
        list(ClientMessages().take(sent))


@given(st.binary(max_size=200))
def test_no_bytes_break_it(sent: bytes) -> None:
    messages = ClientMessages()
    try:
        found = b"".join(message.content for message in messages.take(sent))
    except BadMessage:
        return
    assert len(found) <= len(sent)


def test_browser_is_greeted_without_a_password() -> None:
    greeting = Greeting(b"I" * 24)
    assert greeting.take(VERSION[:5]) == (b"", b"")
    assert greeting.take(VERSION[5:] + b"\x01") == (b"\x01\x01\0\0\0\0", b"")
    assert greeting.take(b"\x01" + _KEY) == (b"I" * 24, _KEY)
    assert greeting.is_over


@pytest.mark.parametrize("said", [b"RFB 003.003\n", VERSION + b"\x02"])
def test_browser_that_greets_otherwise_is_refused(said: bytes) -> None:
    with pytest.raises(BadMessage):
        Greeting(b"").take(said)


async def _try(said: bytes, password: str = "") -> bytes:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.write_eof()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await sign_in(reader, writer, password)
        finally:
            writer.close()


_INIT = bytes(20) + struct.pack(">I", 6) + b"<b>x</"


async def test_name_of_the_machine_is_not_handed_on() -> None:
    init = await _try(VERSION + b"\x01\x01" + b"\0\0\0\0" + _INIT)
    assert init == bytes(20) + struct.pack(">I", 6) + b"screen"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "screen_protocol"),
        (VERSION + b"\x00\0\0\0\x04full", "screen_busy"),
        (VERSION + b"\x01\x02", "screen_refused"),
        (VERSION + b"\x01\x01" + b"\0\0\0\x01", "screen_refused"),
        (VERSION + b"\x01\x01" + b"\0\0\0\0" + bytes(20) + b"\x7f\xff\xff\xff", "screen_protocol"),
        (VERSION, "screen_unreachable"),
        (b"", "screen_unreachable"),
    ],
)
async def test_server_that_answers_otherwise_has_a_name_for_it(said: bytes, code: str) -> None:
    with pytest.raises(ScreenUnusable) as unusable:
        await _try(said)
    assert unusable.value.code == code
