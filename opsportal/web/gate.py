"""The gate: the outermost ASGI application. It sees every request and every websocket first.

It takes the session cookie out of the scope, so that nothing behind it (Reflex keeps headers in
its states and logs) ever holds one, and puts a reference in that is worth nothing outside.
It refuses foreign origins, closes what Reflex leaves open, and keeps floods out.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable

import structlog
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response

from opsportal.db import Unit, in_unit
from opsportal.domain.accounts import sessions
from opsportal.domain.accounts.return_path import sign_in_address
from opsportal.locale import N_
from opsportal.models import LoginStage
from opsportal.models.base import utcnow
from opsportal.settings import settings
from opsportal.web.browser import Browser, look_at
from opsportal.web.headers import REPLACED, security_headers
from opsportal.web.sockets import (
    SESSION_ENDED,
    Message,
    Receive,
    Scope,
    Send,
    Socket,
    Sockets,
    console_judge,
    guarded_receive,
    guarded_send,
)

App = Callable[[Scope, Receive, Send], Awaitable[None]]

SESSION_HEADER = b"x-opsportal-session"
SOCKET_PATH = "/_event"
CONSOLE_PATH = "/consoles/socket"
BROWSER_KEY = "opsportal.browser"
_HIDDEN = frozenset({b"cookie", b"authorization", SESSION_HEADER})
_PUBLIC_PAGES = frozenset({"/sign-in", "/sign-in/"})
_CLOSED = ("/_upload", "/_health", "/ping", "/_all_routes", "/auth-codespace")
BOOT_NETWORK_PATH = "/boot/network"
# Called by machines that have no origin and no session: whoever answers there checks a signature itself.
_SIGNED = frozenset({"/webhooks/stripe", BOOT_NETWORK_PATH})
_MACHINES = "/boot/i/"
"""Below it machines report with a token in the address; see `web/boot.py`."""
_SAFE_METHODS = frozenset({"GET", "HEAD"})

FOREIGN = N_("This request came from another site. Nothing was changed.")
FAULT = N_(
    "Something went wrong on our side. Nothing was lost. Try again, or tell support the number {error_id}."
)

log = structlog.get_logger("gate")


class Gate:
    """Wraps the whole application."""

    def __init__(self, app: App, sockets: Sockets) -> None:
        self._app = app
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = RequestBody(scope, receive)
            await self._http(scope, body, Answer(scope, send, body))
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Answer) -> None:
        browser = look_at(scope)
        refusal = _refuse(scope, browser)
        if refusal is None and _is_page(scope):
            refusal = await _send_to_sign_in(scope, browser)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        inner = _without_secrets(scope)
        inner[BROWSER_KEY] = browser
        try:
            await self._app(inner, receive, send)
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("request_failed", error_id=error_id, path=_without_token(scope["path"]))
            if send.has_begun:
                raise  # half an answer is out: only the connection's end can tell
            await _error_page(scope, error_id)(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        browser = look_at(scope)
        path, token = scope["path"].rstrip("/"), _token(scope)
        is_console = path == CONSOLE_PATH
        is_known = is_console or (path == SOCKET_PATH and token is not None)
        if not is_known or browser.origin != settings().public_url:
            await _deny(receive, send)
            return
        found = await in_unit(_find_signed_in, browser.cookie) if browser.cookie else None
        session_id, expires_at = found or (None, None)
        if (is_console and session_id is None) or not self._sockets.has_room(session_id, browser.caller):
            await _deny(receive, send)
            return
        inner = _without_secrets(scope)
        if token is not None:
            inner["query_string"] = _bind(scope, token, session_id)
        if session_id is not None:
            inner["headers"] = [*inner["headers"], (SESSION_HEADER, str(session_id).encode())]
        judge = console_judge() if is_console else None
        socket = Socket()
        self._sockets.add(socket, session_id, browser.caller)
        alarm = _end_at(expires_at, socket) if expires_at else None
        try:
            await self._app(inner, guarded_receive(receive, socket, judge), guarded_send(send, socket))
            if socket.has_ended and not socket.is_told:
                with contextlib.suppress(RuntimeError):  # the browser has gone meanwhile
                    await send({"type": "websocket.close", "code": socket.close_code})
        finally:
            self._sockets.remove(socket, session_id, browser.caller)
            socket.end(1000)
            if alarm:
                alarm.cancel()


def _end_at(moment: dt.datetime, socket: Socket) -> asyncio.TimerHandle:
    """Close a socket when its session runs out: nothing announces that."""
    wait = max(0.0, (moment - utcnow()).total_seconds())
    return asyncio.get_running_loop().call_later(wait, socket.end, SESSION_ENDED)


class RequestBody:
    """`receive` that remembers whether the body was read to its end."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        framing = {name.lower(): value for name, value in scope["headers"]}
        self.is_read = b"transfer-encoding" not in framing and framing.get(b"content-length", b"0") == b"0"

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.is_read = True
        return message


class Answer:
    """`send` that adds the security headers and remembers whether the answer has begun.

    An answer to a body that was not read says that its connection ends (RFC 9112, 9.3 and 9.6): the next
    request must not be sent into it.
    """

    def __init__(self, scope: Scope, send: Send, body: RequestBody) -> None:
        self._path, self._send, self._body = scope["path"], send, body
        self._is_http_1 = scope["http_version"].startswith("1")
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            kept = [(k, v) for k, v in message.get("headers", []) if k.lower() not in REPLACED]
            ends = [(b"connection", b"close")] if self._is_http_1 and not self._body.is_read else []
            message = {**message, "headers": [*kept, *security_headers(self._path), *ends]}
        await self._send(message)


def _refuse(scope: Scope, browser: Browser) -> Response | None:
    path = scope["path"]
    if path.startswith(_CLOSED) or path.rstrip("/").startswith(SOCKET_PATH):
        return PlainTextResponse("Not found", status_code=404)
    is_guarded = (
        scope["method"] not in _SAFE_METHODS and path not in _SIGNED and not path.startswith(_MACHINES)
    )
    if is_guarded and browser.origin != settings().public_url:
        body = {"code": "foreign_origin", "msgid": FOREIGN, "params": {}}
        return JSONResponse(body, status_code=403)
    return None


def _is_page(scope: Scope) -> bool:
    """A page is what a browser navigates to: no file, nothing of ours that answers by itself."""
    path: str = scope["path"]
    last = path.rsplit("/", 1)[-1]
    return (
        scope["method"] in _SAFE_METHODS
        and "." not in last
        and not path.startswith(("/auth/", "/boot/", "/attachments/", "/healthz", "/metrics", "/assets/"))
    )


async def _send_to_sign_in(scope: Scope, browser: Browser) -> Response | None:
    found = await in_unit(_find_signed_in, browser.cookie) if browser.cookie else None
    is_public = scope["path"] in _PUBLIC_PAGES
    if found is None and not is_public:
        return RedirectResponse(sign_in_address(_wanted(scope)), status_code=303)
    if found is not None and is_public:
        return RedirectResponse("/", status_code=303)
    return None


def _wanted(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return str(scope["path"]) + (f"?{query}" if query else "")


def _find_signed_in(unit: Unit, cookie: str) -> tuple[int, dt.datetime] | None:
    row = sessions.find_session(unit, cookie)
    if row is None or row.id is None or row.stage != LoginStage.SIGNED_IN:
        return None
    if sessions.find_actor(unit, row.id) is None:
        return None
    sessions.touch(unit, row.id)
    return row.id, row.expires_at


def _without_token(path: str) -> str:
    """A path for the log: what stands below `_MACHINES` opens an installation's files."""
    return f"{_MACHINES}…" if path.startswith(_MACHINES) else path


def _without_secrets(scope: Scope) -> Scope:
    return {**scope, "headers": [(k, v) for k, v in scope["headers"] if k.lower() not in _HIDDEN]}


def _token(scope: Scope) -> str | None:
    """The tab's token, which the browser chose; None unless it is one plain UUID."""
    given = urllib.parse.parse_qs(scope["query_string"].decode("latin-1")).get("token", [])
    try:
        return str(uuid.UUID(given[0])) if len(given) == 1 and len(given[0]) == 36 else None
    except ValueError:
        return None


def _bind(scope: Scope, token: str, session_id: int | None) -> bytes:
    """Make the tab's token the session's own: whoever copies it into another session gets another state."""
    bound = uuid.uuid5(uuid.NAMESPACE_OID, f"{_KEY}:{session_id}:{token}")
    query = urllib.parse.parse_qs(scope["query_string"].decode("latin-1"))
    query["token"] = [str(bound)]
    return urllib.parse.urlencode(query, doseq=True).encode()


# Random per process: states live in the process's memory, so nothing outlives it that needs the key.
_KEY = secrets.token_hex(16)


async def _deny(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def _error_page(scope: Scope, error_id: str) -> Response:
    if not _is_page(scope):
        return JSONResponse(
            {"code": "fault", "msgid": FAULT, "params": {"error_id": error_id}}, status_code=500
        )
    page = (
        f"<!doctype html><title>{error_id}</title><h1>{FAULT.format(error_id=error_id)}</h1><a href='/'>↺</a>"
    )
    return HTMLResponse(page, status_code=500)
