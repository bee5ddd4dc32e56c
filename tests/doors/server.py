"""The real portal under granian, and browsers made of nothing but HTTP and raw frames.

`Server` runs the app (backend only: no page is served) against the portal fixture's database.
`Browser` signs in over HTTP; `Tab` is one socket of it, which sends whatever a test wants to send.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from opsportal.live import feed
from stack.reflex_inside import SKIP_COMPILE
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
STATE = "reflex___state____state"
PORTAL = f"{STATE}.opsportal___state___"
SHELL = f"{PORTAL}shell____shell_state"
HYDRATE = f"{STATE}.hydrate_and_load"
PATIENCE_S = 60.0
"""How long a test waits for what must happen. How soon it happens, `make bench` measures."""
SETTLED_S = 3 * feed.SETTLE_S
"""Who was told nothing for so long after opening a page is told nothing more without a change. (What changed while
it was being opened is told once more after `SETTLE_S`, and has to be read.)"""


class Server:
    """One web process of the portal, with its log."""

    def __init__(
        self, *, environment: dict[str, str], log: Path, app: str = "opsportal.opsportal:app"
    ) -> None:
        self.port = free_port()
        self.origin = f"http://127.0.0.1:{self.port}"
        self.log_file = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host"),
                    *("127.0.0.1", "--port", str(self.port), "--workers", "1", app),
                ],
                cwd=ROOT,
                env=environment
                | {"REFLEX_ENV_MODE": "prod", SKIP_COMPILE: "true", "PUBLIC_URL": self.origin},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Until it answers and hears changes. Raises with its log when it ends instead."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log()
            with contextlib.suppress(httpx.TransportError):
                failing = httpx.get(self.origin + "/healthz", timeout=PATIENCE_S).json()["failing"]
                if not failing.keys() & {"live", "database"}:
                    return
            time.sleep(0.05)
        raise AssertionError("the portal did not start:\n" + self.log())

    def log(self) -> str:
        """Everything the process has said so far."""
        return self.log_file.read_text(errors="replace")

    def stop(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(60)


class Browser:
    """One browser: a cookie jar, and the Origin that browsers send by themselves."""

    def __init__(self, server: Server, *, origin: str | None = None, ip: str = "127.0.0.1") -> None:
        self.server = server
        self.ip = ip
        self.origin = server.origin if origin is None else origin
        # Another loopback address is another caller for everything that counts by address.
        self.http = httpx.Client(
            base_url=server.origin,
            timeout=PATIENCE_S,
            transport=httpx.HTTPTransport(local_address=ip, verify=False),  # http: no certificates to read
            headers={"origin": self.origin} if self.origin else {},
        )

    def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.http.post(path, json={} if body is None else body, **options)

    def sign_in(self, email: str, password: str) -> httpx.Response:
        return self.post("/auth/sign-in", {"email": email, "password": password})

    @property
    def cookie(self) -> str:
        return self.http.cookies.get("portal") or ""

    @cookie.setter
    def cookie(self, value: str) -> None:
        self.http.cookies.set("portal", value, domain="127.0.0.1")

    @contextlib.asynccontextmanager
    async def tab(self, *, token: str | None = None, **options: Any) -> AsyncIterator[Tab]:
        """A connected socket of this browser."""
        headers = {"Cookie": f"portal={self.cookie}"} if self.cookie else {}
        headers |= options.pop("headers", {})
        options = {"origin": self.origin, "ip": self.ip} | options
        async with open_tab(self.server, token=token, headers=headers, **options) as tab:
            yield tab


@contextlib.asynccontextmanager
async def open_tab(
    server: Server,
    *,
    token: str | None = None,
    origin: str | None = None,
    headers: dict[str, str] | None = None,
    query: str | None = None,
    ip: str = "127.0.0.1",
) -> AsyncIterator[Tab]:
    """A socket with exactly these headers, connected to Reflex's namespace.

    Raises `aiohttp.WSServerHandshakeError` when it is refused.
    """
    query = f"token={token or uuid.uuid4()}" if query is None else query
    given = dict(headers or {})
    if origin:
        given["Origin"] = origin
    url = f"{server.origin}/_event/?EIO=4&transport=websocket&{query}"
    connector = aiohttp.TCPConnector(local_addr=(ip, 0))
    async with (
        aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.ws_connect(url, headers=given, max_msg_size=0, autoping=False) as connection,
    ):
        tab = Tab(connection)
        reader = asyncio.create_task(tab.read(), name="tab")
        try:
            await tab.send_frame("40/_event,")
            await tab.until(lambda: tab.is_connected or tab.closed.is_set())
            yield tab
        finally:
            reader.cancel()


class Tab:
    """A raw Socket.IO client: it sends anything and keeps every delta and event it is told."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._news = asyncio.Condition()
        self.is_connected = False
        self.closed = asyncio.Event()
        self.close_code: int | None = None
        self.deltas: list[dict[str, dict[str, Any]]] = []
        self.events: list[str] = []
        self.redirects: list[str] = []
        self.frames: list[str] = []
        self.notices: list[str] = []
        """The sentences it was told, in order."""
        self._seen: set[str] = set()
        self.vars: dict[str, Any] = {}
        """State.var → the value it was told last."""

    async def read(self) -> None:
        try:
            async for message in self._connection:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._take(message.data)
        finally:
            self.close_code = self._connection.close_code
            self.closed.set()
            await self._tell()

    async def _take(self, frame: str) -> None:
        self.frames.append(frame)
        if frame == "2":
            await self._connection.send_str("3")
        elif frame.startswith("40/_event"):
            self.is_connected = True
        elif frame.startswith("42/_event,"):
            name, *data = json.loads(frame.removeprefix("42/_event,"))
            if name == "event":
                self._apply(data[0])
        await self._tell()

    def _apply(self, update: dict[str, Any]) -> None:
        for event in update.get("events") or ():
            self.events.append(event["name"])
            if event["name"] == "_redirect":
                self.redirects.append(event["payload"]["path"])
        delta = update.get("delta") or {}
        if delta:
            self.deltas.append(delta)
        for state, changes in delta.items():
            for name, value in changes.items():
                short = state.rsplit("____", 1)[-1]
                self.vars[f"{short}.{name.removesuffix('_rx_state_')}"] = value
                if short == "shell_state" and name.startswith("notice"):
                    self._notice(**value)

    def _notice(self, *, id: str, msgid: str, **_: Any) -> None:
        """A toast is shown once per id, however often the state tells of it."""
        if msgid and id not in self._seen:
            self._seen.add(id)
            self.notices.append(msgid)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, happened: Callable[[], Any], *, within: float = PATIENCE_S) -> None:
        """Wait until something the tab was told makes this true. Raises TimeoutError."""
        async with asyncio.timeout(within), self._news:
            await self._news.wait_for(happened)

    async def quiet(self) -> None:
        """Until it has been told nothing for a while."""
        told = -1
        while told != len(self.frames):
            told = len(self.frames)
            await asyncio.sleep(SETTLED_S)

    async def send_frame(self, frame: str | bytes) -> None:
        send = self._connection.send_bytes if isinstance(frame, bytes) else self._connection.send_str
        with contextlib.suppress(ConnectionError):
            await send(frame)  # type: ignore[arg-type]

    async def say(self, *message: Any) -> None:
        """A Socket.IO message: `say("event", {...})` is what Reflex's code in browsers does."""
        await self.send_frame("42/_event," + json.dumps(message))

    async def send(self, name: str, payload: Any = None, *, path: str = "/", query: Any = None) -> None:
        """An event by its full name, as from a page at this path."""
        router = {"pathname": path, "asPath": path, "query": query or {}}
        await self.say("event", {"name": name, "payload": payload or {}, "router_data": router})

    async def open(self, path: str, query: dict[str, str] | None = None) -> None:
        """Load a page, as a browser does that goes to this path."""
        await self.send(HYDRATE, path=path, query=query)

    async def barrier(self) -> None:
        """Until the server has answered everything sent before: it handles one tab's events in order."""
        count = self.deltas_of("is_hydrated")
        await self.send(f"{STATE}.hydrate", path="/404")
        await self.until(lambda: self.deltas_of("is_hydrated") > count or self.closed.is_set())

    def deltas_of(self, name: str) -> int:
        wanted = f"{name}_rx_state_"
        return sum(wanted in changes for delta in self.deltas for changes in delta.values())
