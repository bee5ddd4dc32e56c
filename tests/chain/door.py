"""The boot service alone, behind the gate, for a server process of the tests: `granian … door:app`."""

from __future__ import annotations

from starlette.applications import Starlette

from opsportal.web import boot, boot_network
from opsportal.web.gate import Gate
from opsportal.web.sockets import Sockets

app = Gate(Starlette(routes=[*boot.ROUTES, *boot_network.ROUTES]), Sockets())  # type: ignore[arg-type]
