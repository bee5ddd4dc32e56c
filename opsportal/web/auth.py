"""Signing in and everything that carries a secret: plain HTTP, JSON in and out.

Secrets travel only here. Nothing of this ever enters a Reflex state, an event or a log.
"""

from __future__ import annotations

import base64
import io
from typing import Annotated, Any

import segno
import structlog
from pydantic import Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor
from opsportal.domain.accounts import mail_address, passwords, second_factor, sessions, sign_in
from opsportal.domain.refusals import (
    SignInRequired,
    WrongCode,
    WrongCredentials,
)
from opsportal.models import LoginStage
from opsportal.settings import settings
from opsportal.web import limits
from opsportal.web.browser import Browser, cookie_name
from opsportal.web.gate import BROWSER_KEY
from opsportal.web.json_doors import Body, Handler, answering, parse, refusal_answer

log = structlog.get_logger("auth")

Password = Annotated[str, Field(min_length=1, max_length=passwords.MAXIMUM_LENGTH)]
Code = Annotated[str, Field(min_length=6, max_length=16, pattern=r"^[0-9A-Za-z -]+$")]


class Nothing(Body):
    pass


class SignIn(Body):
    # PostgreSQL has no NUL in texts: an address with one is nobody's.
    email: Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^\x00]+$")]
    password: Password


class OneCode(Body):
    code: Code


class NewPassword(Body):
    current: Password
    new: Password


class MailAddress(Body):
    address: Annotated[str, Field(max_length=mail_address.LONGEST)]
    password: Password


class PasswordAndCode(Body):
    password: Password
    code: Code


def _browser(request: Request) -> Browser:
    browser: Browser = request.scope[BROWSER_KEY]
    return browser


def _where(browser: Browser) -> dict[str, str]:
    return {"ip": browser.ip, "user_agent": browser.user_agent}


def _with_cookie(body: dict[str, Any], opened: sessions.OpenedSession) -> Response:
    response = JSONResponse(body)
    response.set_cookie(
        cookie_name(),
        opened.cookie,
        max_age=int(opened.lifetime.total_seconds()),
        httponly=True,
        secure=settings().is_https,
        samesite="lax",
        path="/",
    )
    return response


def _without_cookie(body: dict[str, Any]) -> Response:
    response = JSONResponse(body)
    response.delete_cookie(cookie_name(), path="/", httponly=True, secure=settings().is_https, samesite="lax")
    return response


def _find(unit: Unit, cookie: str) -> tuple[int, LoginStage, Actor | None] | None:
    row = sessions.find_session(unit, cookie) if cookie else None
    if row is None or row.id is None:
        return None
    actor = sessions.find_actor(unit, row.id)
    if row.stage == LoginStage.SIGNED_IN and actor is None:
        return None
    return row.id, LoginStage(row.stage), actor


async def _actor(request: Request) -> Actor:
    found = await in_unit(_find, _browser(request).cookie)
    if found is None or found[2] is None:
        raise SignInRequired
    return found[2]


async def _waiting(request: Request) -> int:
    found = await in_unit(_find, _browser(request).cookie)
    if found is None or found[1] is not LoginStage.PASSWORD:
        raise SignInRequired
    return found[0]


async def state(request: Request) -> Response:
    """How far this browser's sign-in has come."""
    found = await in_unit(_find, _browser(request).cookie)
    return JSONResponse({"stage": found[1].value if found else "none"})


async def begin(request: Request) -> Response:
    """E-mail and password."""
    body, browser = await parse(request, SignIn), _browser(request)
    email = sign_in.normalise_email(body.email)
    await in_thread(
        limits.count,
        (limits.SIGN_IN_IP, f"sign-in:ip:{browser.caller}"),
        (limits.SIGN_IN_PAIR, f"sign-in:pair:{browser.caller}:{email}"),
        (limits.SIGN_IN_EMAIL, f"sign-in:email:{email}"),
    )
    try:
        opened = await in_unit(sign_in.begin, email=email, password=body.password, **_where(browser))
    except WrongCredentials as refused:
        # Only afterwards: the time that the answer takes must not tell whether there is such a person.
        note = BackgroundTask(in_unit, sign_in.note_refused, email=email, ip=browser.ip)
        return refusal_answer(refused, then=note)
    return _with_cookie({"stage": opened.stage.value}, opened)


async def complete(request: Request) -> Response:
    """The second factor: a TOTP code or a recovery code."""
    body, browser = await parse(request, OneCode), _browser(request)
    session_id = await _waiting(request)
    person_id = await in_unit(sign_in.waiting_person, session_id)
    await _count_code(person_id)
    try:
        opened = await in_unit(sign_in.complete, session_id, code=body.code.strip(), **_where(browser))
    except WrongCode:
        await in_unit(sign_in.note_refused_code, person_id, ip=browser.ip)
        raise
    return _with_cookie({"stage": opened.stage.value}, opened)


async def _count_code(person_id: int) -> None:
    """Guessing codes is slow wherever one is asked for: all doors count together."""
    await in_thread(
        limits.count,
        (limits.SECOND_FACTOR, f"second-factor:{person_id}"),
        (limits.SECOND_FACTOR_HOUR, f"second-factor-hour:{person_id}"),
    )


async def cancel(request: Request) -> Response:
    """Give up between password and second factor."""
    await parse(request, Nothing)
    await in_unit(sessions.abandon_session, await _waiting(request))
    return _without_cookie({"stage": "none"})


async def sign_out(request: Request) -> Response:
    """End this session."""
    await parse(request, Nothing)
    actor = await _actor(request)
    await in_unit(sessions.end_session, actor, actor.session_id)
    return _without_cookie({"stage": "none"})


async def _sensitive(request: Request) -> Actor:
    actor = await _actor(request)
    await in_thread(limits.count, (limits.SENSITIVE, f"sensitive:{actor.person_id}"))
    return actor


async def change_password(request: Request) -> Response:
    """Replace the password; ends the person's other sessions."""
    body = await parse(request, NewPassword)
    actor = await _sensitive(request)
    await in_unit(passwords.change_password, actor, current=body.current, new=body.new)
    return JSONResponse({})


async def change_mail_address(request: Request) -> Response:
    """Send this person's mails to another address."""
    body = await parse(request, MailAddress)
    actor = await _sensitive(request)
    address = body.address.strip()
    await in_unit(mail_address.set_mail_address, actor, password=body.password, address=address)
    return JSONResponse({})


async def start_two_factor(request: Request) -> Response:
    """A new secret and its QR code, shown in this browser only."""
    await parse(request, Nothing)
    actor = await _sensitive(request)
    secret, uri = await in_unit(second_factor.start_setup, actor)
    return JSONResponse({"secret": secret, "uri": uri, "qr": _qr(uri)})


def _qr(text: str) -> str:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="svg", scale=5, border=2, dark="#17171c", light="#ffffff")
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


async def enable_two_factor(request: Request) -> Response:
    """Confirm the secret with a code; the recovery codes are shown this once."""
    body = await parse(request, OneCode)
    actor = await _sensitive(request)
    codes = await in_unit(second_factor.finish_setup, actor, code=body.code.strip())
    return JSONResponse({"recovery_codes": codes})


async def renew_recovery_codes(request: Request) -> Response:
    """New recovery codes instead of the old ones, shown this once."""
    body = await parse(request, OneCode)
    actor = await _sensitive(request)
    await _count_code(actor.person_id)
    codes = await in_unit(second_factor.renew_recovery_codes, actor, code=body.code.strip())
    return JSONResponse({"recovery_codes": codes})


async def disable_two_factor(request: Request) -> Response:
    """Turn the second factor off."""
    body = await parse(request, PasswordAndCode)
    actor = await _sensitive(request)
    await _count_code(actor.person_id)
    await in_unit(second_factor.turn_off, actor, password=body.password, code=body.code.strip())
    return JSONResponse({})


_POSTS: dict[str, Handler] = {
    "/auth/sign-in": begin,
    "/auth/second-factor": complete,
    "/auth/cancel": cancel,
    "/auth/sign-out": sign_out,
    "/auth/password": change_password,
    "/auth/mail-address": change_mail_address,
    "/auth/two-factor/start": start_two_factor,
    "/auth/two-factor/enable": enable_two_factor,
    "/auth/two-factor/recovery-codes": renew_recovery_codes,
    "/auth/two-factor/disable": disable_two_factor,
}
ROUTES = [
    Route("/auth/state", answering(state), methods=["GET"]),
    *(Route(path, answering(handler), methods=["POST"]) for path, handler in _POSTS.items()),
]
