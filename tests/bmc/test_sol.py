"""Serial over LAN against a BMC that nobody here wrote: opened, typed on, taken over from a session that died."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bmc
from bmc.consoles import SerialPortFailed, SerialPortProcess
from tests.bmc import ipmi_sim
from tests.ports import free_port

PATIENCE_S = 40.0


class Machine:
    """What hangs on the BMC's serial line: it answers in capitals."""

    def __init__(self) -> None:
        self.heard = b""
        self.writer: asyncio.StreamWriter | None = None
        self.is_plugged = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.is_plugged.set()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                self.heard += data
                writer.write(data.upper())


class Listener:
    """Everything that one port says."""

    def __init__(self, port: SerialPortProcess) -> None:
        self.port = port
        self.heard = b""
        self.failure = ""
        self.is_open = False
        self._news = asyncio.Condition()
        self.task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async for piece in self.port.listen():
                self.is_open = True
                self.heard += piece
                await self._tell()
        except SerialPortFailed as failed:
            self.failure = failed.code
            await self._tell()

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def opened(self) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self.is_open or self.failure)
        assert self.failure == ""

    async def hears(self, wanted: bytes) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: wanted in self.heard or self.failure)
        assert self.failure == ""

    async def fails(self) -> str:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: self.failure)
        return self.failure


@contextlib.asynccontextmanager
async def port_of(endpoint: bmc.Endpoint) -> AsyncIterator[Listener]:
    listener = Listener(await SerialPortProcess.start(endpoint))
    try:
        yield listener
    finally:
        listener.task.cancel()
        await listener.port.close()


@contextlib.asynccontextmanager
async def wired(directory: Path) -> AsyncIterator[tuple[bmc.Endpoint, Machine]]:
    """A simulated BMC with a machine on its serial line."""
    machine = Machine()
    server = await asyncio.start_server(machine.serve, "127.0.0.1", 0)
    line = server.sockets[0].getsockname()[1]
    endpoint = bmc.Endpoint("127.0.0.1", free_port(), username="admin", password="s3cret")
    ipmi_sim._write_files(directory, endpoint, is_on=True)
    lan = directory / "lan.conf"
    lan.write_text(lan.read_text() + f'  sol "tcp:127.0.0.1:{line}" 115200\n')
    simulated = ipmi_sim._start(directory, endpoint)
    try:
        await asyncio.to_thread(ipmi_sim._wait_until_it_answers, simulated)
        yield endpoint, machine
    finally:
        simulated.stop()
        server.close()


async def test_keys_go_in_and_answers_come_out_in_order(tmp_path: Path) -> None:
    async with wired(tmp_path / "bmc") as (endpoint, machine), port_of(endpoint) as port:
        await port.opened()
        async with asyncio.timeout(PATIENCE_S):
            await machine.is_plugged.wait()
        text = b"".join(b"line %03d\r" % number for number in range(100))
        await port.port.type(text)
        await port.hears(text.upper()[-20:])
        assert machine.heard == text
        assert port.heard == text.upper()


async def test_session_of_a_process_that_died_is_taken_over(tmp_path: Path) -> None:
    async with wired(tmp_path / "bmc") as (endpoint, machine):
        async with port_of(endpoint) as dead:
            await dead.opened()
            dead.port._process.send_signal(signal.SIGKILL)
            assert await dead.fails() == "bmc_session_lost"
            async with port_of(endpoint) as port:
                await port.opened()
                await port.port.type(b"again\r")
                await port.hears(b"AGAIN\r")
        assert machine.heard.endswith(b"again\r")


async def test_wrong_password_is_said_and_not_tried_again(tmp_path: Path) -> None:
    async with wired(tmp_path / "bmc") as (endpoint, _):
        wrong = bmc.Endpoint(endpoint.host, endpoint.port, username="admin", password="wrong")
        async with port_of(wrong) as port:
            assert await port.fails() == "bmc_credentials_refused"
        nobody = bmc.Endpoint(endpoint.host, endpoint.port, username="nobody", password="s3cret")
        async with port_of(nobody) as port:
            assert await port.fails() == "bmc_user_unknown"


async def test_silent_address_is_unreachable() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        endpoint = bmc.Endpoint("127.0.0.1", silent.getsockname()[1], username="admin", password="s3cret")
        async with port_of(endpoint) as port:
            assert await port.fails() == "bmc_unreachable"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_signals_to_the_group_do_not_end_the_port(tmp_path: Path, how: signal.Signals) -> None:
    async with wired(tmp_path / "bmc") as (endpoint, machine), port_of(endpoint) as port:
        await port.opened()
        port.port._process.send_signal(how)
        await port.port.type(b"still\r")
        await port.hears(b"STILL\r")
        assert machine.heard == b"still\r"
