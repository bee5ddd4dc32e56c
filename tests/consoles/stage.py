"""A console from end to end without a page: the real gateway, the real portal, machines of the lab, raw sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

import bmc
from lab.bmcs.client import ask
from opsportal.db import unit_of_work
from opsportal.domain.consoles import screens
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.models import Company, ConsoleGrant, Server, Service
from tests.builders import make_server, make_service
from tests.doors.server import Browser
from tests.doors.server import Server as Portal
from tests.lab.labs import ROOT, RunningLab

PATIENCE_S = 60.0
"""A console that does not open in so long never will; a loaded machine is four times as slow as a good one."""


class Gateway:
    """`python -m workers.consoles` in a process of its own, to be killed and started again."""

    def __init__(self, *, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self.log_file = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Path:
        return Path(self._environment["CONSOLE_GATEWAY"].removeprefix("unix:"))

    def start(self) -> None:
        before = self.said("gateway_listens")
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers.consoles"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE_S
        while self.said("gateway_listens") == before:
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.02)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def said(self, event: str) -> int:
        return self.log().count(f'"{event}"')

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


class Refused(Exception):
    """The portal refused the websocket itself."""


class Console:
    """One console socket of a browser: what it was shown, what it was told."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.connection = connection
        self.seen = b""
        self.told: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.closed = False
        self._news = asyncio.Condition()

    async def read(self) -> None:
        try:
            async for message in self.connection:
                if message.type is aiohttp.WSMsgType.BINARY:
                    self.seen += message.data
                elif message.type is aiohttp.WSMsgType.TEXT:
                    self._take(json.loads(message.data))
                await self._tell()
        finally:
            self.closed = True
            await self._tell()

    def _take(self, message: dict[str, Any]) -> None:
        self.told.append(message)
        if message["type"] == "state":
            self.state = message

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def until(self, happened: Callable[[], Any], *, within: float = PATIENCE_S) -> None:
        try:
            async with asyncio.timeout(within), self._news:
                await self._news.wait_for(happened)
        except TimeoutError:
            raise AssertionError(f"never: told {self.told[-5:]}, seen {self.seen[-300:]!r}") from None

    async def shows(self, wanted: bytes) -> None:
        await self.until(lambda: wanted in self.seen)

    async def live(self) -> None:
        await self.until(lambda: self.state.get("link") == "live")

    async def is_writer(self) -> None:
        await self.until(lambda: self.state and self.writer == self.state["you"])

    @property
    def writer(self) -> int | None:
        return next((one["id"] for one in self.state.get("viewers", []) if one["writer"]), None)

    @property
    def ended(self) -> str | None:
        return next((one["reason"] for one in self.told if one["type"] == "ended"), None)

    async def ends(self, reason: str) -> None:
        await self.until(lambda: self.closed)
        assert self.ended == reason, self.told[-3:]

    async def type(self, keys: bytes) -> None:
        await self.connection.send_bytes(keys)

    async def say(self, **message: Any) -> None:
        await self.connection.send_str(json.dumps(message))


class Stage:
    """Portal, gateway and lab, and machines that no other test uses."""

    def __init__(self, portal: Portal, gateway: Gateway, lab: RunningLab) -> None:
        self.portal, self.gateway, self.lab = portal, gateway, lab
        self._given = 0

    def take_machine(self, company: Company | None = None) -> tuple[Server, str]:
        """A server on record with a machine of the lab behind it, rented by the company; and its name in the lab."""
        identity = self.lab.fleet()[self._given]
        self._given += 1
        endpoint = bmc.Endpoint(
            identity["host"], identity["port"], username=identity["username"], password=identity["password"]
        )
        service: Service | None = make_service(company) if company else None
        return make_server(service, endpoint=endpoint), str(identity["name"])

    def screen_of(self, server: Server, name: str, *, port: int | None = None) -> None:
        """Put the lab's screen of this machine on record."""
        listed = json.loads((self.lab.directory / "screens.json").read_text())["screens"]
        found = next(row for row in listed if row["name"] == name)
        endpoint = ScreenEndpoint(found["host"], port or found["port"], found["password"])
        with unit_of_work() as unit:
            screens.put_screen(unit, server.id or 0, endpoint)

    def lab_console(self, name: str) -> list[str]:
        """What the machine's serial console shows, by the lab's own account."""
        shown: list[str] = ask(self.lab.directory, "show", name=name, lines=5)["console"]
        return shown

    async def lab_shows(self, name: str, last_line: str) -> None:
        """Wait for the last line that the machine's serial console shows to begin so: pixels come sooner or later."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.lab_console(name)[-1].startswith(last_line):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.05)


def ask_ticket(browser: Browser, server_id: int, kind: str = "serial") -> str:
    answer = browser.post(f"/servers/{server_id}/console", {"kind": kind})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["ticket"])


@contextlib.asynccontextmanager
async def attached(
    browser: Browser, ticket: str | None, *, origin: str | None = None, cookie: str | None = None
) -> AsyncIterator[Console]:
    """A console socket that has shown this ticket. Raises `Refused` when there is no socket at all."""
    url = f"{browser.server.origin}/consoles/socket"
    headers = {"Origin": browser.origin if origin is None else origin}
    cookie = browser.cookie if cookie is None else cookie
    if cookie:
        headers["Cookie"] = f"portal={cookie}"
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        try:
            connection = await client.ws_connect(url, headers=headers, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as refused:
            raise Refused from refused
        console = Console(connection)
        reading = asyncio.create_task(console.read())
        try:
            if ticket is not None:
                await connection.send_str(json.dumps({"ticket": ticket}))
            yield console
        finally:
            await connection.close()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@contextlib.asynccontextmanager
async def opened(browser: Browser, server_id: int, kind: str = "serial") -> AsyncIterator[Console]:
    """A console as the page opens it."""
    async with attached(browser, await asyncio.to_thread(ask_ticket, browser, server_id, kind)) as console:
        yield console


def grants_of(server_id: int) -> list[ConsoleGrant]:
    with unit_of_work() as unit:
        found = unit.execute(
            text("SELECT * FROM console_grant WHERE server_id = :id ORDER BY id"), {"id": server_id}
        ).mappings()
        return [ConsoleGrant(**row) for row in found]


async def reasons_of(server_id: int) -> list[str | None]:
    """Why the server's consoles have ended, once all of them have: written as the browser is told, not before."""
    async with asyncio.timeout(PATIENCE_S):
        while None in (reasons := [grant.end_reason for grant in grants_of(server_id)]):  # noqa: ASYNC110 (a database)
            await asyncio.sleep(0.02)
    return reasons
