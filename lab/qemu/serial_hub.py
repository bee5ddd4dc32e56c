"""Joins the serial port of a virtual machine with its BMC's SOL, and keeps what was printed.

Both ends come and go: QEMU with the machine's power, `ipmi_sim` with the BMC. The simulator tries its peer
again only every ten seconds, so the hub listens first and stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

from lab.bmcs.consoles import Console

CHUNK = 4096
MOST_UNREAD = 64 * 1024
LONGEST_LOG = 4 << 20


class SerialHub:
    """One serial line: `port` on loopback is for the BMC, `attach` for the machine."""

    def __init__(self, log: Path, *, on_text: Callable[[], None]) -> None:
        self.console = Console()
        self.port = 0
        self._log = log
        self._on_text = on_text
        self._server: asyncio.Server | None = None
        self._viewer: asyncio.StreamWriter | None = None
        self._machine: asyncio.StreamWriter | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen for the BMC."""
        self._server = await asyncio.start_server(self._view, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Hang up on both."""
        if self._server is not None:
            self._server.close()
        for task in list(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def attach(self, line: socket.socket) -> None:
        """From now on `line` is the machine's serial port, until its other end closes."""
        reader, self._machine = await asyncio.open_connection(sock=line)
        self._keep(asyncio.create_task(self._print(reader, self._machine)))

    def type(self, text: str) -> None:
        """Keystrokes for the machine; lost while it is off."""
        self._to_machine(text.encode())

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._talking.add(task)
        task.add_done_callback(self._talking.discard)

    async def _print(self, reader: asyncio.StreamReader, machine: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                self._record(chunk)
                viewer = self._viewer
                # A viewer that does not read loses output; it must never stop the machine.
                if viewer is not None and viewer.transport.get_write_buffer_size() < MOST_UNREAD:
                    viewer.write(chunk)
        machine.close()
        if self._machine is machine:
            self._machine = None

    async def _view(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._keep(task)
        self._viewer = writer
        try:
            while chunk := await reader.read(CHUNK):
                self._to_machine(chunk)
        except (OSError, asyncio.CancelledError):
            pass  # the BMC was reset, or we are ending
        finally:
            writer.close()
            if self._viewer is writer:
                self._viewer = None

    def _to_machine(self, chunk: bytes) -> None:
        machine = self._machine
        if machine is not None and machine.transport.get_write_buffer_size() < MOST_UNREAD:
            machine.write(chunk)

    def _record(self, chunk: bytes) -> None:
        self.console.write(chunk.decode("utf-8", "replace"))
        with self._log.open("ab") as file:
            file.write(chunk)
            is_long = file.tell() > LONGEST_LOG
        if is_long:
            os.replace(self._log, self._log.with_suffix(".old"))
        self._on_text()
