"""The screen: pixels through the gateway, a password that stays behind it, and only the writer's keys."""

from __future__ import annotations

import struct
import zlib

import pytest

from opsportal.models import Role
from tests.builders import make_company
from tests.consoles.stage import Console, Stage, opened, reasons_of
from tests.consoles.test_serial import browser_of

pytestmark = pytest.mark.xdist_group("consoles")

_ZRLE = 16


async def handshake(console: Console) -> tuple[int, int]:
    """As noVNC does: version, no password, shared. Returns the screen's size."""
    await console.until(lambda: console.seen.startswith(b"RFB 003.008\n"))
    await console.type(b"RFB 003.008\n")
    await console.until(lambda: console.seen[12:14] == b"\x01\x01")
    await console.type(b"\x01")
    await console.until(lambda: len(console.seen) >= 18)
    assert console.seen[14:18] == b"\0\0\0\0"
    await console.type(b"\x01")
    await console.until(lambda: len(console.seen) >= 42 + 6)
    width, height = struct.unpack(">HH", console.seen[18:22])
    assert console.seen[38:48] == struct.pack(">I", 6) + b"screen"
    console.seen = b""
    return width, height


async def ask_for_pixels(console: Console, *, incremental: bool = False) -> None:
    await console.type(struct.pack(">BxHi", 2, 1, _ZRLE))
    await console.type(struct.pack(">BBHHHH", 3, incremental, 0, 0, 640, 400))


def rectangles(seen: bytes) -> list[tuple[int, int, bytes]]:
    """Top, height and content of each rectangle of one FramebufferUpdate, if it is there as a whole."""
    if len(seen) < 4 or seen[0] != 0:
        return []
    (count,) = struct.unpack(">H", seen[2:4])
    at, found = 4, []
    for _ in range(count):
        if len(seen) < at + 16:
            return []
        _, top, _, height, _, length = struct.unpack(">HHHHiI", seen[at : at + 16])
        content = seen[at + 16 : at + 16 + length]
        if len(content) < length:
            return []
        found.append((top, height, content))
        at += 16 + length
    return found


def keys(text: str) -> bytes:
    symbols = [0xFF0D if character == "\r" else ord(character) for character in text]
    return b"".join(struct.pack(">BBxxI", 4, down, symbol) for symbol in symbols for down in (1, 0))


async def test_first_picture_comes_and_keys_change_it(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    stage.screen_of(server, name)
    async with opened(browser_of(stage, Role.CLIENT, company=company), server.id or 0, "screen") as console:
        assert await handshake(console) == (640, 400)
        await ask_for_pixels(console)
        await console.until(lambda: rectangles(console.seen))
        inflate = zlib.decompressobj()
        shown = {top: inflate.decompress(content) for top, _, content in rectangles(console.seen)}
        assert sorted(shown) == [0, 64, 128, 192, 256, 320, 384]
        assert any(any(tiles[7:]) for tiles in shown.values())  # not all paper
        console.seen = b""
        await console.type(keys("root\r"))
        await ask_for_pixels(console, incremental=True)
        await console.until(lambda: rectangles(console.seen))
        await stage.lab_shows(name, "Password:")
    told = str(console.told)
    assert "127.0.0.1" not in told
    assert name not in told


async def test_who_only_watches_sends_no_key(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    stage.screen_of(server, name)
    async with (
        opened(browser_of(stage, Role.CLIENT, company=company), server.id or 0, "screen") as writer,
        opened(browser_of(stage, Role.OPERATOR), server.id or 0, "screen") as watcher,
    ):
        await handshake(writer)
        await handshake(watcher)
        assert watcher.writer != watcher.state["you"]
        await watcher.type(keys("ghost"))
        await ask_for_pixels(watcher)  # answered: everything before it was read
        await watcher.until(lambda: rectangles(watcher.seen))
        await writer.type(keys("real"))
        await ask_for_pixels(writer)
        await writer.until(lambda: rectangles(writer.seen))
        await stage.lab_shows(name, f"{name} login: real")
        assert stage.lab_console(name)[-1] == f"{name} login: real"


async def test_message_that_no_client_of_ours_sends_ends_the_console(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    stage.screen_of(server, name)
    async with opened(browser_of(stage, Role.CLIENT, company=company), server.id or 0, "screen") as console:
        await handshake(console)
        await console.type(b"\xfa\x00\x01\x02")  # xvp: shut the machine down
        await console.ends("bad_message")
    assert await reasons_of(server.id or 0) == ["bad_message"]


async def test_screen_that_does_not_answer_says_so(stage: Stage) -> None:
    company = make_company()
    server, name = stage.take_machine(company)
    stage.screen_of(server, name, port=9)
    async with opened(browser_of(stage, Role.CLIENT, company=company), server.id or 0, "screen") as console:
        await console.ends("screen_unreachable")
