"""A server's serial port for asyncio: the child process that speaks SOL, and what comes out of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import struct
import sys
from collections.abc import AsyncIterator

from bmc.endpoints import Endpoint
from bmc.processes import _BOOT, _ENVIRONMENT, _PACKAGE

_LARGEST_FRAME = 1 << 20
_FAREWELL_S = 1.0


class SerialPortFailed(Exception):
    """The port cannot be had, or no longer. `code` is one of `bmc.errors`, `sol_disabled` or `sol_taken`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SerialPortProcess:
    """One serial port in a process of its own: pyghmi's sockets, sessions and faults end with it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, endpoint: Endpoint) -> SerialPortProcess:
        """Start signing in to this BMC; `listen` tells how that went."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-s", "-P", "-c", _BOOT, _PACKAGE, "bmc.ipmi.sol_child", str(os.getpid())),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        )
        port = cls(process)
        to = [endpoint.host, endpoint.port, endpoint.username, endpoint.password, endpoint.cipher_suite]
        await port.type(json.dumps(to).encode() + b"\n")
        return port

    @property
    def pid(self) -> int:
        return self._process.pid

    async def listen(self) -> AsyncIterator[bytes]:
        """What the machine says; first an empty piece, as soon as the port is open. Raises SerialPortFailed."""
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while True:
                kind, length = struct.unpack(">cI", await stdout.readexactly(5))
                if length > _LARGEST_FRAME:
                    raise SerialPortFailed("bmc_protocol_error")
                content = await stdout.readexactly(length)
                if kind == b"F":
                    raise SerialPortFailed(content.decode())
                yield content
        except asyncio.IncompleteReadError:
            raise SerialPortFailed("bmc_session_lost") from None

    async def type(self, data: bytes) -> None:
        """Hand over keystrokes; waits while the machine does not take them. Raises SerialPortFailed."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise SerialPortFailed("bmc_session_lost") from None

    async def close(self) -> None:
        """Give the port back, and end the process whatever it does."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_FAREWELL_S):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
