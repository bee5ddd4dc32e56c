"""A server's screen: a connection to its VNC server for each viewer, input from the one who types."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress

import structlog

from opsportal.db import in_unit
from opsportal.domain.consoles import screens
from opsportal.domain.vault import VaultError
from opsportal.integrations.console_channel import DATA, ChannelLost
from opsportal.settings import settings
from workers.consoles import rfb
from workers.consoles.rooms import Room
from workers.consoles.viewers import Viewer

CONNECT_S = 10.0
_PIECE = 1 << 16
log = structlog.get_logger("consoles")


class ScreenRoom(Room):
    """All who watch one screen. VNC servers share it; each viewer has a connection, at its own pace."""


class ScreenLink:
    """One viewer's connection to the VNC server."""

    def __init__(self, room: ScreenRoom, viewer: Viewer) -> None:
        self._room, self._viewer = room, viewer
        self._greeting: rfb.Greeting | None = None
        self._messages = rfb.ClientMessages()
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Connect, then hand on pixels until either side goes. Ends the viewer with the reason."""
        try:
            async with asyncio.timeout(CONNECT_S):
                reader, init = await self._connect()
            self._greeting = rfb.Greeting(init)
            self._viewer.tell(type="link", link="live")
            await self._viewer.channel.send(DATA, self._greeting.hello)
            while data := await reader.read(_PIECE):
                # Waiting here is what slows the VNC server down to the pace of this browser.
                await self._viewer.channel.send(DATA, data)
            self._viewer.end("screen_closed")
        except rfb.ScreenUnusable as unusable:
            self._viewer.end(unusable.code)
        except (OSError, TimeoutError):
            self._viewer.end("screen_unreachable")
        except ChannelLost:
            self._viewer.end("left")
        finally:
            if self._writer is not None:
                self._writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, bytes]:
        try:
            endpoint = await in_unit(screens.find_screen, self._room.server_id)
            if endpoint is None:
                raise rfb.ScreenUnusable("no_screen")
            address = ipaddress.ip_address(endpoint.host)
        except (VaultError, ValueError) as unusable:
            raise rfb.ScreenUnusable("bmc_misconfigured") from unusable
        if not any(address in network for network in settings().bmc_networks):
            raise rfb.ScreenUnusable("bmc_outside_networks")
        reader, self._writer = await asyncio.open_connection(endpoint.host, endpoint.port, limit=_PIECE)
        return reader, await rfb.sign_in(reader, self._writer, endpoint.password)

    async def take(self, data: bytes) -> None:
        """Bytes of the browser. Raises rfb.BadMessage."""
        if self._greeting is None or self._writer is None:
            raise rfb.BadMessage
        if not self._greeting.is_over:
            answer, data = self._greeting.take(data)
            if answer:
                await self._viewer.channel.send(DATA, answer)
        passed = b""
        for message in self._messages.take(data):
            if message.is_input:
                self._viewer.used()
            if self._viewer.is_writer or not message.is_input:
                passed += message.content
        if passed:
            with contextlib.suppress(OSError):  # the reader tells the viewer
                self._writer.write(passed)
                await self._writer.drain()
