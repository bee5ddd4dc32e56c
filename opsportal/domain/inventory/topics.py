"""The names under which changes to stock, racks and parts are announced to open pages."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.hardware import topics

STOCK = "stock"
RACKS = "racks"


def announce(unit: Unit, server_id: int) -> None:
    """Something about a machine's place, parts or stock has changed."""
    unit.changed(topics.server(server_id), topics.FLEET, STOCK, RACKS)
