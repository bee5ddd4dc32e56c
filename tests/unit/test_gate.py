"""What the gate writes into the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opsportal.web import gate
from opsportal.web.sockets import Message, Receive, Scope, Send, Sockets

TOKEN = "T" * 43


def test_a_fault_below_a_machines_door_is_logged_without_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that vanishes while it is sent is such a fault: no handler is left to catch it."""
    logged: list[str] = []

    class Log:
        def exception(self, event: str, **facts: object) -> None:
            logged.append(f"{event} {facts}")

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("File at path does not exist.")

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": f"/boot/i/{TOKEN}/kernel", "query_string": b"", "headers": [],
        "http_version": "1.1", "client": ("192.0.2.7", 4711),
    }  # fmt: skip
    monkeypatch.setattr(gate, "log", Log())
    asyncio.run(gate.Gate(broken, Sockets())(scope, receive, send))
    assert sent[0]["status"] == 500
    (line,) = logged
    assert line.startswith("request_failed")
    assert TOKEN not in line
