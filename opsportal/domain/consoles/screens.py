"""Where a server's screen is served (RFB), sealed at rest like the BMC's password."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from opsportal.db import Unit
from opsportal.domain.vault import seal, unseal
from opsportal.models import ServerScreen


@dataclass(frozen=True)
class ScreenEndpoint:
    """A VNC server on the BMC network. `password` is empty where it asks for none."""

    host: str
    port: int
    password: str = field(default="", repr=False)


def put_screen(unit: Unit, server_id: int, endpoint: ScreenEndpoint) -> None:
    """Keep where this server's screen is. The caller has authorised."""
    row = unit.get(ServerScreen, server_id) or ServerScreen(server_id=server_id, endpoint=b"")
    row.endpoint = seal(json.dumps(asdict(endpoint)))
    unit.add(row)


def remove_screen(unit: Unit, server_id: int) -> bool:
    """Forget it. False when there was none. The caller has authorised."""
    row = unit.get(ServerScreen, server_id)
    if row is not None:
        unit.delete(row)
    return row is not None


def find_screen(unit: Unit, server_id: int) -> ScreenEndpoint | None:
    """The endpoint, for the gateway only."""
    row = unit.get(ServerScreen, server_id)
    return ScreenEndpoint(**json.loads(unseal(row.endpoint))) if row else None
