"""The door of the socket: every event of every browser passes here first.

Any browser can send any event name with any JSON. So an event whose handler carries no
declaration is refused; a declared one is refused unless its actor is signed in and holds the
permission; and its payload must match the handler's own annotations exactly, without conversion
and without extra fields. A refusal reaches no handler and changes nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import secrets
import time
import types
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, TypeVar

import reflex as rx
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, OnLoadInternalState, StateUpdate, UpdateVarsInternalState
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from sqlalchemy.exc import OperationalError

from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts.return_path import is_sign_in, sign_in_address
from opsportal.domain.refusals import BadRequest, Forbidden, Refusal, SignInRequired
from opsportal.state.runtime import VAR_SUFFIX, runtime
from opsportal.state.views import NoticeView, ProblemView

log = structlog.get_logger("guard")

SESSION_HEADER = "x-opsportal-session"
"""Set by the gate, which drops any that a browser sends."""

OPEN = "open"
"""The handler that every page's State has for loading it."""

DATABASE_PATIENCE_S = 8.0
"""So long an event waits for a database that does not answer before it is refused."""
PAGE_PATIENCE_S = 60.0
"""So long a page waits: it asks once, and one that was refused would show the page before it from then on."""

PUBLIC = "public"
"""Declared for handlers that anybody may call."""

Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])
_actor: contextvars.ContextVar[Actor | None] = contextvars.ContextVar("actor", default=None)


class _Strict(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="forbid", arbitrary_types_allowed=False, hide_input_in_errors=True
    )


class _Nothing(_Strict):
    pass


class _Hydrate(_Strict):
    """We keep nothing in client storage, so a browser has no vars to bring."""

    vars: Annotated[dict[str, Any], Field(max_length=0)] | None = None
    hashes: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=200)] | None = None


class _Vars(_Strict):
    vars: Annotated[dict[str, Any], Field(max_length=0)]


class _Flag(_Strict):
    value: bool


_ROOT = rx.State.get_full_name()
REFLEX_OWN: dict[str, type[BaseModel]] = {
    f"{_ROOT}.hydrate": _Nothing,
    f"{_ROOT}.hydrate_and_load": _Hydrate,
    f"{_ROOT}.set_is_hydrated": _Flag,
    f"{OnLoadInternalState.get_full_name()}.on_load_internal": _Nothing,
    f"{OnLoadInternalState.get_full_name()}.set_is_hydrated": _Flag,
    f"{UpdateVarsInternalState.get_full_name()}.update_vars_internal": _Vars,
}
"""Reflex's own events that a page needs, by full name, and what may be in them. They show empty defaults."""


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
                if permission != PUBLIC:
                    current_actor().require(Permission(permission))
                return await fn(self, **payload)
            except Refusal as refusal:
                if fn.__name__ == OPEN and not isinstance(refusal, SignInRequired):
                    return await _show_problem(self, ProblemView(code=refusal.code, msgid=refusal.msgid))
                return await _tell(self, notice_of(refusal), refusal)
            except Exception:
                error_id = secrets.token_hex(4)
                log.exception("handler_failed", error_id=error_id, handler=fn.__qualname__)
                notice = fault_notice(error_id)
                if fn.__name__ == OPEN:
                    self.problem = ProblemView(code="fault", msgid=notice.msgid, error_id=error_id)
                return await _tell(self, notice, None)

        guarded.portal_permission = permission  # type: ignore[attr-defined]
        guarded.portal_payload = model  # type: ignore[attr-defined]
        return typing.cast(Handler, guarded)

    return declare


async def _show_problem(state: rx.State, problem: ProblemView) -> Any:
    """A page that cannot be opened shows why inside its frame, and no longer follows what it showed."""
    from opsportal.state.shell import SHELL
    from opsportal.state.showing import show

    state.problem = problem
    return await show(state, *SHELL)


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
    return sign_in_again(state.router_data) if isinstance(refusal, SignInRequired) else None


def sign_in_again(place: Mapping[str, Any]) -> Any:
    """The event that leads to the sign-in, and from there back to where the browser says it is.

    None for who is there already: a page that is told twice must not forget where it came from.
    """
    path = str(place.get("asPath", ""))
    return None if is_sign_in(path) else rx.redirect(sign_in_address(path))


class Guard(Middleware):
    """Refuses what was not declared."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        try:
            await _check(event)
        except Refusal as refusal:
            log.info("event_refused", name=event.name[:200], code=refusal.code)
            return refused(
                refusal, EventContext.get().router_data
            )  # the event's own is empty as a page loads
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("guard_failed", error_id=error_id, name=event.name[:200])
            return _noticed(fault_notice(error_id))
        return None


async def _check(event: Event) -> None:
    """Raise a Refusal unless this event may reach its handler. What is not declared, may not."""
    _actor.set(None)
    registered = RegistrationContext.get().event_handlers.get(event.name)
    if registered is None:
        raise BadRequest
    own = REFLEX_OWN.get(event.name)
    if own is not None:
        _check_payload(own, event.payload)
        return
    fn = registered.handler.fn
    permission = getattr(fn, "portal_permission", None)
    if permission is None:
        raise Forbidden
    if permission != PUBLIC:
        is_page = fn.__name__ == OPEN
        actor = await _find_actor(patience_s=PAGE_PATIENCE_S if is_page else DATABASE_PATIENCE_S)
        if actor is None:
            raise SignInRequired
        if not is_page:  # a page says it in its own frame: its handler asks before anything else
            actor.require(permission)
        _actor.set(actor)
    _check_payload(fn.portal_payload, event.payload)


def refused(refusal: Refusal, place: Mapping[str, Any] = types.MappingProxyType({})) -> StateUpdate:
    """What the browser is told instead of an answer; the tab's state does not change."""
    if isinstance(refusal, SignInRequired):
        leads = sign_in_again(place)
        return _noticed(notice_of(refusal), *(Event.from_event_type(leads) if leads else ()))
    return _noticed(notice_of(refusal))


def _noticed(notice: NoticeView, *events: Event) -> StateUpdate:
    from opsportal.state.shell import ShellState

    return StateUpdate(
        delta={ShellState.get_full_name(): {f"notice{VAR_SUFFIX}": notice}}, events=list(events)
    )


def _check_payload(model: type[BaseModel], payload: Mapping[str, Any]) -> None:
    """Strict: nothing is converted, so what was checked is what the handler gets."""
    if not payload and not model.__pydantic_fields__:
        return  # nothing was asked for and nothing was sent, as with most events
    try:
        model.model_validate(dict(payload))
    except (ValidationError, TypeError, ValueError, RecursionError):
        raise BadRequest from None


async def _find_actor(*, patience_s: float) -> Actor | None:
    """Who sent the event. Waits for a database that is being restarted."""
    headers = EventContext.get().router_data.get("headers") or {}
    reference = headers.get(SESSION_HEADER, "")
    if not reference:
        return None
    until = time.monotonic() + patience_s
    while True:
        try:
            return await runtime.actors.find(int(reference))
        except OperationalError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
