"""What may come through a socket at all, before python-socketio or Reflex acts on it.

python-socketio hands any message `["name", …]` of a browser to a method `on_name`, and its own
connect arrives at `on_connect` by the same way: a browser could send a message named "connect"
with headers of its choice and be anybody. Reflex in turn logs malformed events with their values.
So only three names pass, and an event only in its proper shape.
"""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from reflex_base.registry import RegistrationContext

from opsportal.domain.refusals import BadRequest
from opsportal.state.guard import refused

log = structlog.get_logger("envelope")

MESSAGES = frozenset({"event", "ping", "client_error"})
"""The Socket.IO messages that Reflex's own browser code sends."""

_Line = Annotated[str, Field(max_length=2_000)]
_Name = Annotated[str, Field(max_length=300)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class Place(_Strict):
    """Where the browser is. Headers, address and token come from the connection, never from here."""

    pathname: _Line = "/"
    asPath: _Line = "/"
    query: dict[_Name, _Line] = Field(default_factory=dict, max_length=40)


class Envelope(_Strict):
    """An event as Reflex's browser code sends it."""

    name: _Name
    payload: dict[str, Any] = Field(default_factory=dict, max_length=40)
    router_data: Place = Field(default_factory=Place)


def harden(app: rx.App) -> None:
    """Put the checks in front of the app's socket. Call once, when the app is made."""
    sio, namespace = app.sio, app.event_namespace
    assert sio is not None
    assert namespace is not None
    handle_message, on_event = sio._handle_event, namespace.on_event

    async def checked_message(eio_sid: str, space: str, number: Any, data: Any) -> None:
        if not is_message(data):
            log.info("message_refused")
            return
        await handle_message(eio_sid, space, None, data)

    async def checked_event(sid: str, data: Any) -> None:
        event = envelope(data)
        if event is not None:
            await on_event(sid, event)
            return
        log.info("event_refused", code=BadRequest.code)
        if token := namespace.sid_to_token.get(sid):
            await namespace.emit_update(refused(BadRequest()), token)

    sio._handle_event = checked_message
    namespace.on_event = checked_event  # type: ignore[method-assign]


def is_message(data: Any) -> bool:
    """Whether this is one of Reflex's own messages, with at most one argument that is plain JSON."""
    if not isinstance(data, list) or not 1 <= len(data) <= 2:
        return False
    return isinstance(data[0], str) and data[0] in MESSAGES


def envelope(data: Any) -> dict[str, Any] | None:
    """The event with everything left out that a browser has no say in; None unless it is one."""
    try:
        event = Envelope.model_validate(data)
    except (ValidationError, RecursionError):
        return None
    if event.name not in RegistrationContext.get().event_handlers:
        return None
    # Spelt out: dumping the models would cost every event as much as checking it.
    place = event.router_data
    where = {"pathname": place.pathname, "asPath": place.asPath, "query": place.query}
    return {"name": event.name, "payload": event.payload, "router_data": where}
