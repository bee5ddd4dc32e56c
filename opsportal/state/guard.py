"""The door of the socket: every event of every browser passes here first.

Any browser can send any event name with any JSON. So an event whose handler carries no
declaration is refused; a declared one is refused unless its actor is signed in and holds the
permission; and its payload must match the handler's own annotations exactly, without conversion
and without extra fields. A refusal reaches no handler and changes nothing.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import secrets
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import reflex as rx
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

from opsportal.domain.access import Actor, Permission
from opsportal.domain.refusals import BadRequest, Forbidden, Refusal, SignInRequired
from opsportal.state.runtime import VAR_SUFFIX, runtime
from opsportal.state.views import NoticeView

log = structlog.get_logger("guard")

SESSION_HEADER = "x-opsportal-session"
"""Set by the gate, which drops any that a browser sends."""

PUBLIC = "public"
"""Declared for handlers that anybody may call."""

_REFLEX_OWN = frozenset(
    {
        "hydrate",
        "hydrate_and_load",
        "on_load_internal",
        "update_vars_internal",
        "set_is_hydrated",
        "handle_frontend_exception",
    }
)

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
_actor: contextvars.ContextVar[Actor | None] = contextvars.ContextVar("actor", default=None)


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", arbitrary_types_allowed=False)


def current_actor() -> Actor:
    """Who sent the event that is being handled. Raises `SignInRequired` for nobody."""
    actor = _actor.get()
    if actor is None:
        raise SignInRequired
    return actor


def _payload_model(fn: Callable[..., Any]) -> type[BaseModel]:
    hints = typing.get_type_hints(fn, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(fn).parameters.items())[1:]:
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    return create_model(f"{fn.__qualname__}Payload", __base__=_Strict, **fields)


def allow(permission: Permission | str) -> Callable[[Handler], Handler]:
    """Declare who may call a State method. Undeclared methods are refused at the door.

    Inside, a `Refusal` becomes a notice in the tab that asked, and anything else an error with an
    id that also stands in the log.
    """

    def declare(fn: Handler) -> Handler:
        model = _payload_model(fn)

        @functools.wraps(fn)
        async def guarded(self: rx.State, **payload: Any) -> Any:
            try:
                return await fn(self, **payload)
            except Refusal as refusal:
                return await _tell(self, notice_of(refusal), refusal)
            except Exception:
                error_id = secrets.token_hex(4)
                log.exception("handler_failed", error_id=error_id, handler=fn.__qualname__)
                return await _tell(self, fault_notice(error_id), None)

        guarded.portal_permission = permission  # type: ignore[attr-defined]
        guarded.portal_payload = model  # type: ignore[attr-defined]
        return typing.cast(Handler, guarded)

    return declare


def notice_of(refusal: Refusal) -> NoticeView:
    """A refusal as the sentence a person reads."""
    kind = "warn" if not isinstance(refusal, Forbidden) else "bad"
    return NoticeView(id=secrets.token_hex(4), kind=kind, msgid=refusal.msgid, params=dict(refusal.params))


def fault_notice(error_id: str) -> NoticeView:
    """A fault of ours: the id leads support to the log entry."""
    return NoticeView(
        id=error_id,
        kind="bad",
        msgid="Something went wrong on our side. Nothing you entered was lost. "
        "Try again; if it happens again, tell support the number {error_id}.",
        params={"error_id": error_id},
    )


async def _tell(state: rx.State, notice: NoticeView, refusal: Refusal | None) -> Any:
    from opsportal.state.shell import ShellState

    shell = await state.get_state(ShellState)
    shell.notice = notice
    if isinstance(refusal, SignInRequired):
        return rx.redirect("/sign-in")
    return None


class Guard(Middleware):
    """Refuses what was not declared."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:  # type: ignore[override]
        try:
            await self._check(event)
        except Refusal as refusal:
            log.info("event_refused", name=event.name[:200], code=refusal.code)
            return self._refused(refusal)
        return None

    async def _check(self, event: Event) -> None:
        registered = RegistrationContext.get().event_handlers.get(event.name)
        if registered is None:
            raise BadRequest
        fn = registered.handler.fn
        if _is_reflex_own(event.name, fn):
            _actor.set(None)
            return
        permission = getattr(fn, "portal_permission", None)
        if permission is None:
            raise Forbidden
        actor = await _find_actor()
        _actor.set(actor)
        if permission != PUBLIC:
            if actor is None:
                raise SignInRequired
            actor.require(permission)
        _check_payload(fn.portal_payload, event.payload)

    @staticmethod
    def _refused(refusal: Refusal) -> StateUpdate:
        from opsportal.state.shell import ShellState

        events = []
        if isinstance(refusal, SignInRequired):
            events = Event.from_event_type(rx.redirect("/sign-in"))
        notice = {f"notice{VAR_SUFFIX}": notice_of(refusal)}
        return StateUpdate(delta={ShellState.get_full_name(): notice}, events=events)


def _is_reflex_own(name: str, fn: Callable[..., Any]) -> bool:
    return fn.__module__.startswith("reflex") and name.rsplit(".", 1)[-1] in _REFLEX_OWN


def _check_payload(model: type[BaseModel], payload: Mapping[str, Any]) -> None:
    """Strict: nothing is converted, so what was checked is what the handler gets."""
    try:
        model.model_validate(dict(payload))
    except (ValidationError, TypeError, ValueError):
        raise BadRequest from None


async def _find_actor() -> Actor | None:
    headers = EventContext.get().router_data.get("headers") or {}
    reference = headers.get(SESSION_HEADER, "")
    return await runtime.actors.find(int(reference)) if reference else None
