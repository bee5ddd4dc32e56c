"""How long a key and a first picture take through the gateway, and without it: for `make bench`.

A `Stage` (tests/consoles/conftest.py shows how one is set up) has the portal, the gateway and the machines. Every
function returns seconds; the two of a pair do the same on the same machine, one with and one without the gateway.
"""

from __future__ import annotations

import asyncio
import struct
import time

import bmc
from bmc.consoles import SerialPortProcess
from opsportal.domain.consoles.screens import ScreenEndpoint
from tests.consoles.stage import opened
from tests.consoles.test_screen import ask_for_pixels, handshake, rectangles
from tests.doors.server import Browser
from workers.consoles import rfb


async def echo_through_gateway(browser: Browser, server_id: int, *, keys: int) -> list[float]:
    """Seconds from a key sent by a browser's socket to its echo there. A machine must wait at a prompt."""
    took = []
    async with opened(browser, server_id) as console:
        await console.live()
        await console.is_writer()
        await console.shows(b"login: ")
        for _ in range(keys):
            before = len(console.seen)
            started = time.perf_counter()
            await console.type(b"\x7f" if len(took) % 2 else b"x")
            await console.until(lambda before=before: len(console.seen) > before)  # type: ignore[misc]
            took.append(time.perf_counter() - started)
    return took


async def echo_direct(endpoint: bmc.Endpoint, *, keys: int) -> list[float]:
    """The same from SOL itself, in the process that the gateway would use."""
    took = []
    port = await SerialPortProcess.start(endpoint)
    heard = port.listen()
    try:
        seen = b""
        while b"login: " not in seen:
            seen += await anext(heard)
        for _ in range(keys):
            started = time.perf_counter()
            await port.type(b"\x7f" if len(took) % 2 else b"x")
            await anext(heard)
            took.append(time.perf_counter() - started)
    finally:
        await port.close()
    return took


async def first_frame_through_gateway(browser: Browser, server_id: int) -> float:
    """Seconds from asking for a ticket to the whole picture."""
    started = time.perf_counter()
    async with opened(browser, server_id, "screen") as console:
        await handshake(console)
        await ask_for_pixels(console)
        await console.until(lambda: rectangles(console.seen))
        return time.perf_counter() - started


async def first_frame_direct(endpoint: ScreenEndpoint) -> float:
    """Seconds from connecting to the VNC server to the whole picture."""
    started = time.perf_counter()
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    try:
        await rfb.sign_in(reader, writer, endpoint.password)
        writer.write(struct.pack(">BxHi", 2, 1, 16) + struct.pack(">BBHHHH", 3, 0, 0, 0, 640, 400))
        seen = b""
        while not rectangles(seen):
            seen += await reader.read(65536)
        return time.perf_counter() - started
    finally:
        writer.close()
