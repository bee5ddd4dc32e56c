"""One JSON line in, one JSON line out, on `DIR/control.sock` (mode 0600): how a lab is asked things.

A refusal is `{"refused": code, "message": sentence}`. A unix socket rather than a port: no web page and no
other user of the laptop can reach it.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lab.bmcs.client import SOCKET_NAME, socket_address
from lab.bmcs.faults import UnknownFault

LONGEST_REQUEST = 4096
REQUEST_SECONDS = 60.0


class UnknownRequest(ValueError):
    """No such machine or operation, or a field that makes no sense."""

    code = "unknown_request"


class NotWhileOff(Exception):
    """Reset, cycle and the like need a running machine."""

    code = "not_while_off"


class NotInTime(Exception):
    """What was waited for did not come."""

    code = "not_in_time"


class ControlServer:
    """Answers what `run` returns for a request, from `start` to `close`."""

    def __init__(self, run: Callable[[dict[str, Any]], Awaitable[Any]], directory: Path) -> None:
        self._run = run
        self._directory = directory
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen, in place of a socket that a killed process left."""
        (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        with socket_address(self._directory) as address:
            listener.bind(address)
        os.chmod(self._directory / SOCKET_NAME, 0o600)
        self._server = await asyncio.start_unix_server(self._talk, sock=listener, limit=LONGEST_REQUEST)

    async def close(self) -> None:
        """Stop listening and hang up on whoever still waits."""
        if self._server:
            self._server.close()
            (self._directory / SOCKET_NAME).unlink(missing_ok=True)
        for task in list(self._talking):
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            answer = await self._answer(await asyncio.wait_for(reader.readline(), timeout=REQUEST_SECONDS))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.CancelledError):
            pass  # whoever asked is gone, or we are: there is nobody left to answer
        finally:
            self._talking.discard(task)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise UnknownRequest("A request is one JSON object; nothing was done.")
            return {"result": await self._run(request)}
        except (UnknownRequest, UnknownFault, NotWhileOff, NotInTime) as refusal:
            return {"refused": refusal.code, "message": str(refusal)}
        except (ValueError, TypeError) as error:
            message = f"The request makes no sense ({error}); nothing was done."
            return {"refused": UnknownRequest.code, "message": message}
