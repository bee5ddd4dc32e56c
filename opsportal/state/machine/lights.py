"""The identify light, as views of a server show it."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import identify
from opsportal.state.views import iso


def light_of(unit: Unit, actor: Actor, server_id: int) -> dict[str, str]:
    """The fields `light`, `light_until` and `light_code`; nothing for who may not switch it."""
    if not actor.may(Permission.SERVER_IDENTIFY):
        return {}
    found = identify.light_of(unit, server_id)
    return {"light": found.status, "light_until": iso(found.until), "light_code": found.error_code}
