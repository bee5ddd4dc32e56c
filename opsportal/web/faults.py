"""Mistakes of our own JavaScript, told by the page that shows them, so that support finds them in the log."""

from __future__ import annotations

from typing import Annotated

import structlog
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from opsportal.db import in_thread
from opsportal.web import limits
from opsportal.web.browser import Browser
from opsportal.web.gate import BROWSER_KEY
from opsportal.web.json_doors import Body, answering, parse

log = structlog.get_logger("faults")


class Fault(Body):
    """What the page says of itself. `error_id` is the page's own, so that it is shown even if this fails."""

    error_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    path: Annotated[str, Field(max_length=200)]
    message: Annotated[str, Field(max_length=500)]


async def tell(request: Request) -> Response:
    """Keep a fault in the log. Anybody may tell one, a few a minute."""
    fault = await parse(request, Fault)
    browser: Browser = request.scope[BROWSER_KEY]
    await in_thread(limits.count, (limits.FAULTS, f"faults:{browser.caller}"))
    log.error("browser_fault", error_id=fault.error_id, path=fault.path, message=ascii(fault.message))
    return JSONResponse({})


ROUTES = [Route("/faults", answering(tell), methods=["POST"])]
