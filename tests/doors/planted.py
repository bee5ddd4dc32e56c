"""The portal with doors that can be left open: what the tests of the doors must notice.

Run like the portal itself, with `tests.doors.planted:app`. Each hole of `HOLES` is one that a careless change
would make. `POST /planted` opens one and shuts the others, so that an abuse that gets through got through
this one; `tests/doors/test_planted_holes.py` wants each abuse to get through its hole.
"""

# ruff: noqa: E402 (some holes are made before the app is imported)

from __future__ import annotations

import dataclasses
import urllib.parse
from collections.abc import Callable
from types import ModuleType
from typing import Any

import reflex as rx
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.domain import access
from opsportal.domain.refusals import Forbidden
from opsportal.models import Person, Service
from opsportal.state import envelope, guard
from opsportal.state.runtime import Runtime
from opsportal.web import auth, gate, limits, sockets


class LeakState(rx.State):
    """Somebody forgot that hydration tells everybody every var, and to declare a permission."""

    server_password: str = "planted-leak"

    async def forgotten(self, server_id: int) -> None:
        """Public to every browser, by being a public method."""


async def undisclosed(request: Request) -> Response:
    return JSONResponse({"planted": True})


async def plant(request: Request) -> Response:
    """Open the named hole and shut all others."""
    _shut()
    name = (await request.json())["hole"]
    if name:
        HOLES[name]()
    return JSONResponse({})


auth.ROUTES.append(Route("/auth/undisclosed", undisclosed, methods=["GET"]))
auth.ROUTES.append(Route("/planted", plant, methods=["POST"]))

from opsportal.opsportal import app
from opsportal.state import services, shell

_before: list[tuple[Any, str, Any]] = []
log = structlog.get_logger("planted")


def _set(where: Any, name: str, value: Any) -> None:
    # Modules and classes as usual; views are frozen.
    (setattr if isinstance(where, type | ModuleType) else object.__setattr__)(where, name, value)


def _put(where: Any, name: str, hole: Any) -> None:
    _before.append((where, name, getattr(where, name)))
    _set(where, name, hole)


def _shut() -> None:
    while _before:
        _set(*_before.pop())


def _instead(where: Any, name: str, hole: Any) -> Callable[[], None]:
    return lambda: _put(where, name, hole)


def _everything_is_fine() -> sockets.Judge:
    """For sockets that are opened from now on."""
    return lambda *_: None


def _any_message() -> None:
    """Two stand in the way of a message that makes bytes for itself: both must fail."""
    _put(envelope, "is_message", lambda _: True)
    _put(sockets, "event_judge", _everything_is_fine)


class _OriginIsFine(str):
    """Equal to every origin."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


_look_at, _check, _read_me = gate.look_at, guard._check, shell.ME.read


def _look_away(scope: Any) -> Any:
    return dataclasses.replace(_look_at(scope), origin=_OriginIsFine())


def _any_token(scope: Any) -> str:
    """Whatever the browser says, the first if it says several things."""
    query = urllib.parse.parse_qs(scope["query_string"].decode("latin-1"))
    return query.get("token", ["nothing"])[0]


async def _undeclared_is_fine(event: Any) -> None:
    try:
        await _check(event)
    except Forbidden:
        return


def _log_frames() -> sockets.Judge:
    """Somebody looked for a fault and left this in."""
    return lambda message, _: log.info("frame", text=message.get("text"))


def _any_service(actor: access.Actor, session: Any, service_id: int) -> Any:
    """The check on the company was forgotten."""
    actor.require(access.Permission.SERVICES_VIEW)
    service = session.get(Service, service_id)
    if service is None:
        raise access.NotFound
    return service


def _with_hash(unit: Any, actor: access.Actor, params: Any) -> Any:
    """Somebody copied one field too many."""
    shown = _read_me(unit, actor, params)
    return dataclasses.replace(shown, company=unit.get_one(Person, actor.person_id).password_hash)


HOLES: dict[str, Callable[[], None]] = {
    "origin": _instead(gate, "look_at", _look_away),
    "token": _instead(gate, "_token", _any_token),
    "binding": _instead(gate, "_bind", lambda scope, token, session_id: scope["query_string"]),
    "messages": _any_message,
    "envelope": _instead(envelope, "envelope", lambda data: data),
    "headers": _instead(gate, "_HIDDEN", frozenset()),
    "hash": _instead(shell.ME, "read", _with_hash),
    "payload": _instead(guard, "_check_payload", lambda *_: None),
    "undeclared": _instead(guard, "_check", _undeclared_is_fine),
    "frames": _instead(sockets, "event_judge", _everything_is_fine),
    "console frames": _instead(gate, "console_judge", _everything_is_fine),
    "frame log": _instead(sockets, "event_judge", _log_frames),
    "sockets": _instead(sockets, "MAX_ANONYMOUS_PER_CALLER", 1_000_000),
    "refusal": _instead(gate, "_refuse", lambda scope, browser: None),
    "paths": _instead(gate, "_CLOSED", ()),
    "session": _instead(Runtime, "_session_ended", lambda self, session_id: None),
    "limits": _instead(limits, "count", lambda *_: None),
    "company": _instead(services, "access_service_for", _any_service),
}

__all__ = ["HOLES", "app"]
