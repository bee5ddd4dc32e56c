"""What is known of a BMC by who made it: learned when it is inspected, kept with its address."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.hardware import topics
from opsportal.models import Bmc

SERVES_SCREENS = "vnc"
"""The kind of BMC whose screen we could show, were its address on record."""


def keep_family(
    unit: Unit, server_id: int, *, console_kind: str, cipher_suite: int, limits: dict[str, int]
) -> None:
    """Keep what an inspection has learned. A cipher suite only when signing in with it has worked."""
    row = unit.get_one(Bmc, server_id, with_for_update=True, populate_existing=True)
    row.console_kind, row.cipher_suite, row.limits = console_kind, cipher_suite, limits
    unit.add(row)
    unit.changed(topics.server(server_id))


def could_serve_screen(unit: Unit, server_id: int) -> bool:
    """Whether this BMC's family has a screen that the console gateway can show."""
    row = unit.get(Bmc, server_id)
    return row is not None and row.console_kind == SERVES_SCREENS
