"""What a company's servers moved today, and what a service used in any period."""

from __future__ import annotations

import datetime as dt

from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.traffic.figures import UsageToday


def read_usage_today(actor: Actor, unit: Unit, *, at: dt.datetime | None = None) -> UsageToday:
    """Traffic of the actor's company since midnight of the viewer's time zone; of all servers for staff."""
    raise NotImplementedError
