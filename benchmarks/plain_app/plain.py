"""Plain python-socketio and nothing else: the peer of a push.

GET /emit emits the payload to everybody who is connected and answers with the monotonic time right before.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

SPACE = "/_event"
sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*", transports=["websocket"])
sio.on("connect", lambda _sid, _environ: None, namespace=SPACE)


async def emit(_: Request) -> PlainTextResponse:
    """One change for everybody."""
    update = _payload()
    begun = time.monotonic()
    await sio.emit("event", update, namespace=SPACE)
    return PlainTextResponse(str(begun))


def _payload() -> Any:
    return json.loads(Path(os.environ["PAYLOAD"]).read_text())


async def alive(_: Request) -> PlainTextResponse:
    """For who waits until we serve."""
    return PlainTextResponse("yes")


sockets = socketio.ASGIApp(sio, socketio_path="_event")
app = Starlette(routes=[Route("/emit", emit), Route("/alive", alive), Mount("/", sockets)])
