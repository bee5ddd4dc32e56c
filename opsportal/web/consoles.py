"""Consoles in the portal's own origin: a door that hands out tickets, and a websocket that uses one up.

The ticket goes by plain HTTP, never through a page's state, and comes back as the socket's first frame, never in an
address. Behind the socket this process only carries bytes between the browser and the gateway: it knows neither
where a BMC is nor how to sign in to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Annotated, Any, Literal

import structlog
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from opsportal.db import in_thread, in_unit
from opsportal.domain.consoles import endings, grants
from opsportal.domain.consoles.grants import Attachment
from opsportal.domain.consoles.refusals import ConsoleAway, TicketUnusable
from opsportal.domain.refusals import NotFound, Refusal
from opsportal.integrations import console_channel
from opsportal.integrations.console_channel import CONTROL, DATA, Channel, ChannelLost, GatewayAway
from opsportal.models import ConsoleKind
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.actors import actor_of
from opsportal.web.gate import CONSOLE_PATH, SESSION_HEADER
from opsportal.web.json_doors import Body, answering, parse

TICKET_S = 5.0
"""How long a socket may be open without a ticket."""
log = structlog.get_logger("consoles")


class Wanted(Body):
    kind: Literal["serial", "screen"]


class _Ticket(Body):
    ticket: Annotated[str, Field(max_length=100)]


async def grant(request: Request) -> Response:
    """A ticket for one console of a server, for this session, to be used within half a minute."""
    actor = await actor_of(request)
    server_id: int = request.path_params["server_id"]
    if not 0 < server_id < 2**63:
        raise NotFound
    wanted = await parse(request, Wanted)
    await in_thread(limits.count, (limits.CONSOLES, f"consoles:{actor.person_id}"))
    if not settings().console_gateway:
        raise ConsoleAway
    made = await in_unit(grants.grant_console, actor, server_id, ConsoleKind(wanted.kind))
    return JSONResponse({"ticket": made.ticket})


async def console(socket: WebSocket) -> None:
    """One console in one browser tab, from its ticket to its end."""
    await socket.accept()
    try:
        attachment = await _use_ticket(socket)
    except (Refusal, TimeoutError) as refusal:
        code = refusal.code if isinstance(refusal, Refusal) else TicketUnusable.code
        await _say_goodbye(socket, code)
        return
    except WebSocketDisconnect:
        return
    try:
        channel = await console_channel.connect()
    except GatewayAway:
        await in_unit(endings.end_grant, attachment.grant_id, reason=endings.GATEWAY_LOST)
        await _say_goodbye(socket, endings.GATEWAY_LOST)
        return
    await _relay(socket, channel, attachment)


async def _use_ticket(socket: WebSocket) -> Attachment:
    session_id = int(socket.headers[SESSION_HEADER.decode()])
    async with asyncio.timeout(TICKET_S):
        first = await socket.receive_text()
    try:
        ticket = _Ticket.model_validate_json(first).ticket
    except ValueError:
        raise TicketUnusable from None
    return await in_unit(grants.attach, session_id=session_id, ticket=ticket)


async def _relay(socket: WebSocket, channel: Channel, attachment: Attachment) -> None:
    """Carry frames both ways until either side ends. The gateway writes down why."""
    tasks: list[asyncio.Task[Any]] = []
    try:
        await channel.send(CONTROL, json.dumps({"grant": attachment.grant_id}).encode())
        tasks = [
            asyncio.create_task(_from_browser(socket, channel)),
            asyncio.create_task(_from_gateway(socket, channel)),
        ]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    except ChannelLost:
        pass
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        channel.abort()
    if any(isinstance(outcome, ChannelLost) for outcome in outcomes) or not outcomes:
        await _say_goodbye(socket, endings.GATEWAY_LOST)
    else:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close()


async def _from_browser(socket: WebSocket, channel: Channel) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is not None:
            await channel.send(CONTROL, text.encode())
        else:
            await channel.send(DATA, message.get("bytes") or b"")


async def _from_gateway(socket: WebSocket, channel: Channel) -> None:
    while True:
        kind, content = await channel.receive()
        if kind == DATA:
            await socket.send_bytes(content)
            continue
        await socket.send_text(content.decode())
        if json.loads(content).get("type") == "ended":
            return


async def _say_goodbye(socket: WebSocket, reason: str) -> None:
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.send_text(json.dumps({"type": "ended", "reason": reason}))
        await socket.close()


ROUTES = [
    Route("/servers/{server_id:int}/console", answering(grant), methods=["POST"]),
    WebSocketRoute(CONSOLE_PATH, console),
]
