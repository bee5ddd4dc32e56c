"""Taking a form's click once, and saying at the form what came of it."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from pydantic import Field

from opsportal.db import in_unit
from opsportal.domain import refusals
from opsportal.domain.refusals import Refusal, SignInRequired
from opsportal.locale import N_
from opsportal.state.billing.views import ClickView

Draft = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
"""The browser's number of a click: the same for every attempt to send it."""
AmountText = Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")]
"""An amount as it was typed; the domain reads it."""
Minor = Annotated[int, Field(gt=0, le=10**15)]
"""What a button promises, in the smallest unit: tax included, so it may exceed what one movement may have."""
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Reason = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]

FAULT = N_("Something went wrong on our side. Nothing was charged. Try again in a moment.")


class Answering(Protocol):
    """A State with forms on its page."""

    answer: ClickView


async def take(state: Answering, draft: str, work: Callable[..., int], *args: Any, **kwargs: Any) -> None:
    """Do `work` in a unit and answer the click with the number it returns, or with why not.

    A browser that lost the answer sends the same click again and gets the same answer.
    """
    if state.answer.draft == draft and not state.answer.code:
        state.answer = dataclasses.replace(state.answer, id=secrets.token_hex(4))
        return
    try:
        number = await in_unit(work, *args, **kwargs)
    except SignInRequired:
        raise
    except Refusal as refusal:
        state.answer = ClickView(
            id=secrets.token_hex(4),
            draft=draft,
            code=refusal.code,
            msgid=refusal.msgid,
            params=dict(refusal.params),
        )
        if type(refusal).__module__ == refusals.__name__:
            raise  # not about what was typed: said like any other refusal as well
    except Exception:
        state.answer = ClickView(id=secrets.token_hex(4), draft=draft, code="fault", msgid=FAULT)
        raise
    else:
        state.answer = ClickView(id=secrets.token_hex(4), draft=draft, number=number)
