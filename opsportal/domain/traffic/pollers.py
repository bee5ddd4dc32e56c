"""The state of polling, for those who run the data centre."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.traffic.figures import PollerRow


def list_pollers(actor: Actor, unit: Unit) -> list[PollerRow]:
    """Every switch by name, failing ones first."""
    actor.require(Permission.POLLERS_VIEW)
    raise NotImplementedError
