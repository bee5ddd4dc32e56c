"""The portal with its doors left open on purpose: what the tests of the doors must notice.

Run like the portal itself, with `tests.doors.planted:app`. Each hole is one that a careless change
would make; `tests/doors/test_planted_holes.py` runs the abuses against it and wants them to succeed.
"""

# ruff: noqa: E402 (holes are made before the app is imported)

from __future__ import annotations

from typing import Any

import reflex as rx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.domain import access
from opsportal.state import envelope, guard
from opsportal.state.runtime import Runtime
from opsportal.web import auth, gate, json_doors, limits, sockets

envelope.is_message = lambda _: True
guard._check_payload = lambda *_: None
gate._bind = lambda scope, token, session_id: scope["query_string"]
gate._HIDDEN = frozenset()
gate._CLOSED = ()
sockets._judge = lambda *_: None
sockets.MAX_ANONYMOUS_PER_CALLER = 1_000_000
limits.count = lambda *_: None
json_doors.Body.model_config["extra"] = "ignore"
Runtime._session_ended = lambda self, session_id: None  # type: ignore[method-assign]


def _any_service(actor: access.Actor, session: Any, service_id: int) -> Any:
    """The check on the company was forgotten."""
    from opsportal.models import Service

    actor.require(access.Permission.SERVICES_VIEW)
    service = session.get(Service, service_id)
    if service is None:
        raise access.NotFound
    return service


access.access_service_for = _any_service


class _OriginIsFine(str):
    """Equal to every origin."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False


_look_at = gate.look_at


def _look_away(scope: Any) -> Any:
    import dataclasses

    return dataclasses.replace(_look_at(scope), origin=_OriginIsFine())


gate.look_at = _look_away


class LeakState(rx.State):
    """Somebody forgot that hydration tells everybody every var, and to declare a permission."""

    server_password: str = "planted-leak"

    async def forgotten(self, server_id: int) -> None:
        """Public to every browser, by being a public method."""


async def undisclosed(request: Request) -> Response:
    return JSONResponse({"planted": True})


auth.ROUTES.append(Route("/auth/undisclosed", undisclosed, methods=["GET"]))

from opsportal.opsportal import app
from opsportal.state import shell


def _with_hash(unit: Any, actor: access.Actor, params: Any) -> Any:
    """Somebody copied one field too many."""
    import dataclasses

    from opsportal.models import Person

    shown = _read_me(unit, actor, params)
    return dataclasses.replace(shown, company=unit.get_one(Person, actor.person_id).password_hash)


_read_me = shell.ME.read
object.__setattr__(shell.ME, "read", _with_hash)

__all__ = ["app"]
