"""How a page gets its data: one mechanism for the first read and for every later push."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import reflex as rx
import structlog

from opsportal.db import in_thread, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.refusals import Refusal, SignInRequired
from opsportal.live.feed import Watch
from opsportal.locale import N_
from opsportal.state.guard import current_actor, sign_in_again
from opsportal.state.runtime import runtime
from opsportal.state.views import ProblemView

log = structlog.get_logger("showing")
FAULT = N_(
    "This part could not be loaded. Your data is safe. Reload the page; support can look up {error_id}."
)


@dataclass(frozen=True, eq=False)
class StateView:
    """A view that lives in one var of one State.

    `read(unit, actor, params)` authorises and returns the value; `topics(actor, params)` says
    after which announcements it is read again. With `look`, what that finds outside the database is
    `read`'s fourth argument: it is asked for before the transaction begins, which must not wait for it.
    """

    name: str
    state: type[rx.State]
    var: str
    read: Callable[..., Any]
    topics_of: Callable[[Actor, Any], frozenset[str]]
    is_personal: bool = False
    problem_var: str = "problem"
    empty: Any = field(default=None, compare=False)
    look: Callable[[], Any] | None = None

    def topics(self, actor: Actor, params: Any) -> frozenset[str]:
        return self.topics_of(actor, params)

    async def load(self, actor: Actor, params: Any) -> Any:
        seen = () if self.look is None else (await in_thread(self.look),)
        return await in_unit(self.read, actor, params, *seen)

    def vars(self, value: Any) -> dict[str, Any]:
        return {self.var: value, self.problem_var: ProblemView()}

    def refused(self, refusal: Refusal) -> dict[str, Any]:
        """The data goes away together with the right to see it."""
        return {self.var: self.empty, self.problem_var: ProblemView(code=refusal.code, msgid=refusal.msgid)}


async def show(state: rx.State, *wanted: tuple[StateView, Any]) -> Any:
    """Show these views in this tab from now on: read them now, and again whenever they change.

    A part that fails says so in its own place; the other parts still load. Returns an event to
    follow when the session has ended.
    """
    actor = current_actor()
    watches = [Watch.make(view, actor, params) for view, params in wanted]
    token = state.router.session.client_token
    runtime.show(token, actor.session_id, watches)
    for watch in watches:
        view: StateView = watch.view  # type: ignore[assignment]
        try:
            changes = view.vars(await view.load(watch.actor, watch.params))
        except SignInRequired:
            return sign_in_again(state.router_data)
        except Refusal as refusal:
            changes = view.refused(refusal)
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("view_failed", view=view.name, error_id=error_id)
            changes = {view.problem_var: ProblemView(code="fault", msgid=FAULT, error_id=error_id)}
        target = await state.get_state(view.state)
        for name, value in changes.items():
            setattr(target, name, value)
    runtime.feed.opened(token)
    return None
