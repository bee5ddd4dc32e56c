"""The doors of payments alone, behind the gate, for a server process of the tests: `granian … door:app`."""

from __future__ import annotations

from starlette.applications import Starlette

from opsportal.web import cards, webhooks
from opsportal.web.gate import Gate
from opsportal.web.sockets import Sockets

app = Gate(Starlette(routes=[*webhooks.ROUTES, *cards.ROUTES]), Sockets())  # type: ignore[arg-type]
