"""Taking a draft from a browser, once, and saying what came of it at the form that sent it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from pydantic import Field

from opsportal.db import in_unit
from opsportal.domain.refusals import Refusal, SignInRequired
from opsportal.domain.support import refusals as support
from opsportal.locale import N_
from opsportal.state.support.views import AnswerView
from opsportal.state.wire import Id

Draft = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The browser's number of what it wants to send: the same for every attempt."""
Body = Annotated[str, Field(max_length=60_000)]
"""As much as a frame carries; the domain says how long a message may be, in a sentence."""
Files = Annotated[list[Id], Field(max_length=50)]

FAULT = N_("Something went wrong on our side. What you wrote is kept here. Send it again in a moment.")


class Answering(Protocol):
    """A State with a form on its page."""

    answer: AnswerView


async def take(state: Answering, draft: str, work: Callable[..., int], /, *args: Any, **kwargs: Any) -> None:
    """Do `work` in a unit and answer the draft with the number it returns, or with why not.

    A browser that lost the answer sends the same draft again: `work` knows by its content whether it is the same.
    What is wrong with a text or a file stands at the form only; any other refusal is raised as well.
    """
    try:
        number = await in_unit(work, *args, **kwargs)
    except SignInRequired:
        raise
    except Refusal as refusal:
        state.answer = AnswerView(
            id=_new(), draft=draft, code=refusal.code, msgid=refusal.msgid, params=dict(refusal.params)
        )
        if type(refusal).__module__ != support.__name__:
            raise
    except Exception:
        state.answer = AnswerView(id=_new(), draft=draft, code="fault", msgid=FAULT)
        raise
    else:
        state.answer = AnswerView(id=_new(), draft=draft, number=number)


def _new() -> str:
    return secrets.token_hex(4)
