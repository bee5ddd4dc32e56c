"""Who asks at a plain HTTP door: the session cookie that the gate has kept for us, looked up."""

from __future__ import annotations

from starlette.requests import Request

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import sessions
from opsportal.domain.refusals import SignInRequired
from opsportal.models import LoginStage
from opsportal.web.browser import Browser
from opsportal.web.gate import BROWSER_KEY


def _find(unit: Unit, cookie: str) -> Actor | None:
    row = sessions.find_session(unit, cookie) if cookie else None
    if row is None or row.id is None or row.stage != LoginStage.SIGNED_IN:
        return None
    return sessions.find_actor(unit, row.id)


async def actor_of(request: Request) -> Actor:
    """The person whose session the request carries. Raises `SignInRequired` for nobody."""
    browser: Browser = request.scope[BROWSER_KEY]
    actor = await in_unit(_find, browser.cookie)
    if actor is None:
        raise SignInRequired
    return actor
