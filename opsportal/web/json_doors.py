"""JSON in, JSON out: what every plain HTTP door of ours shares.

A body is small, strict JSON or it is refused; a refusal becomes a status with a sentence, and a
fault an error id that also stands in the log. Nothing that was sent is ever logged.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from opsportal.domain.refusals import BadRequest, Refusal, TooManyAttempts
from opsportal.web.gate import FAULT

MAX_BODY = 4_096
STATUS = {
    "bad_request": 400,
    "wrong_credentials": 401,
    "wrong_code": 401,
    "sign_in_required": 401,
    "forbidden": 403,
    "not_found": 404,
    "too_many_attempts": 429,
}
Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger("http")


class Body(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


async def parse(request: Request, model: type[Model], *, most: int = MAX_BODY) -> Model:
    """The body as the model says, exactly. Raises `BadRequest` for anything else, also for more than `most` bytes."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise BadRequest
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > most:
            raise BadRequest
    try:
        return model.model_validate_json(raw)
    except ValidationError:
        raise BadRequest from None


def refusal_answer(refusal: Refusal, *, then: BackgroundTask | None = None) -> Response:
    """A refusal as JSON. `then` runs when the answer is out."""
    body = {"code": refusal.code, "msgid": refusal.msgid, "params": refusal.params}
    headers = {}
    if isinstance(refusal, TooManyAttempts):
        headers["retry-after"] = str(refusal.params["seconds"])
    return JSONResponse(body, status_code=STATUS.get(refusal.code, 400), headers=headers, background=then)


def answering(handler: Handler) -> Handler:
    """Turn refusals into JSON with a status, and faults into an error id."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal_answer(refusal)
        except Exception:
            error_id = secrets.token_hex(4)
            log.exception("request_failed", error_id=error_id, path=request.url.path)
            body = {"code": "fault", "msgid": FAULT, "params": {"error_id": error_id}}
            return JSONResponse(body, status_code=500)

    return answered
