"""A browser tab without a browser: Socket.IO over one websocket, as Reflex's own script speaks it.

Written down to the frame, so that hundreds of them fit into one process and what is measured is the
server. The frames are in socket.io/docs/v4/engine-io-protocol and socket.io/docs/v4/socket-io-protocol.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

SPACE = "/_event"
CONNECT = f"40{SPACE},"
EVENT = f"42{SPACE},"
PING, PONG, OPEN = "2", "3", "0"
PATIENCE_S = 30.0


class TabLost(Exception):
    """The server closed the socket, or did not answer in time."""


@dataclass(frozen=True)
class Page:
    """A page of an application, and how a tab loads it."""

    url: str
    """Where the application is."""
    path: str
    query: dict[str, str] = field(default_factory=dict)
    """Parameters of the path and the query together, as Reflex's script sends them."""
    hydrate: str = ""
    """Full name of the event that loads the page; empty for a plain Socket.IO server."""
    complete: str = CONNECT
    """A piece of the message that ends loading."""
    dismiss: str = ""
    """Full name of the cheap handler that is measured."""
    answer: str = ""
    """A piece of the message that answers it."""

    def event(self, name: str) -> dict[str, object]:
        """An event without a payload, as the browser sends it."""
        place = {"pathname": self.path, "asPath": self.path, "query": self.query}
        return {"name": name, "payload": {}, "router_data": place}


class Tab:
    """One tab with its socket open and its page loaded."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, page: Page) -> None:
        self._socket, self._page = socket, page
        self._dismissing = EVENT + json.dumps(["event", page.event(page.dismiss)])
        self._awaited, self._arrived = "", asyncio.get_running_loop().create_future()
        self.on_event: Callable[[str, float], None] = lambda _text, _at: None
        """Called with every event and the monotonic time at which it arrived."""
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, client: aiohttp.ClientSession, page: Page, *, cookie: str = "") -> Tab:
        """Connect and load the page; returns when the server has said everything about it."""
        address = f"ws{page.url.removeprefix('http')}{SPACE}/?EIO=4&transport=websocket&token={uuid.uuid4()}"
        headers = {"Origin": page.url} | ({"Cookie": cookie} if cookie else {})
        tab = cls(await client.ws_connect(address, headers=headers, max_msg_size=0), page)
        boot = json.dumps({"event": page.event(page.hydrate)}) if page.hydrate else ""
        await tab._ask(CONNECT + boot, page.complete)
        return tab

    async def round_trip(self) -> float:
        """Send the cheap event; the seconds until its answer."""
        begun = time.perf_counter()
        await self._ask(self._dismissing, self._page.answer)
        return time.perf_counter() - begun

    async def close(self) -> None:
        """Close the socket; nothing more is heard."""
        await self._socket.close()
        await self._reader

    async def _ask(self, frame: str, awaited: str) -> None:
        self._awaited, self._arrived = awaited, asyncio.get_running_loop().create_future()
        await self._socket.send_str(frame)
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._arrived
        except TimeoutError:
            raise TabLost(f"no answer in {PATIENCE_S:.0f} s to {frame[:200]}") from None

    async def _read(self) -> None:
        async for message in self._socket:
            at = time.monotonic()
            if message.data == PING:
                await self._socket.send_str(PONG)
                continue
            if self._awaited in message.data and message.data[0] != OPEN and not self._arrived.done():
                self._arrived.set_result(None)
            if message.data.startswith(EVENT):
                self.on_event(message.data, at)
        if not self._arrived.done():
            self._arrived.set_exception(TabLost(f"closed by the server: {self._socket.close_code}"))


async def open_tabs(client: aiohttp.ClientSession, page: Page, number: int, cookies: list[str]) -> list[Tab]:
    """So many tabs, spread over the sessions, a few at a time as people open them."""
    gate = asyncio.Semaphore(8)

    async def one(position: int) -> Tab:
        async with gate:
            return await Tab.open(client, page, cookie=cookies[position % len(cookies)])

    return list(await asyncio.gather(*map(one, range(number))))
