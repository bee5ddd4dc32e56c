"""The graph of one server: a day, a week, a month or a year, with totals and percentile."""

from __future__ import annotations

import datetime as dt

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.traffic.figures import GraphData, Span


def read_graph(
    actor: Actor, unit: Unit, server_id: int, *, span: Span, at: dt.datetime | None = None
) -> GraphData:
    """What the server's present service moved in the span that ends at `at` (now when None).

    Follows the service: ports that it used earlier count, a former tenant's traffic on this port does not.
    """
    access_server_for(actor, unit, server_id, permission=Permission.TRAFFIC_VIEW)
    raise NotImplementedError
