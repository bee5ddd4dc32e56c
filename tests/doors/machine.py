"""Objects and doors of a machine's cards and of switch ports."""

from __future__ import annotations

import functools
from collections.abc import Callable

from opsportal.db import unit_of_work
from opsportal.domain.traffic.cycles import cycle_before, cycle_on
from opsportal.models import AlertOutcome, Company, TrafficAction, TrafficAlert
from tests.builders import make_server, make_service
from tests.cabling import make_block, make_port


def _cabled_server(company: Company) -> int | None:
    server = make_server(make_service(company))
    make_port(server)
    return server.id


def _blocked_server(company: Company) -> int | None:
    server = make_server(make_service(company))
    make_block(server, make_port(server))
    return server.id


def _port(company: Company) -> int | None:
    return make_port(make_server(make_service(company))).id


def _writable_switch(company: Company) -> int | None:
    return make_port(make_server(make_service(company))).switch_id


def _plan(company: Company) -> int | None:
    return make_service(company).plan_id


def _limit(company: Company, *, outcome: AlertOutcome) -> int | None:
    """The step of a plan that asks for a limit, in the cycle under way or the one before."""
    service = make_service(company)
    make_server(service)
    cycle = cycle_on(service)
    if outcome is AlertOutcome.DONE:
        cycle = cycle_before(service, cycle)
    alert = TrafficAlert(
        service_id=service.id or 0,
        cycle_start=cycle.first,
        step=100,
        used_bytes=1,
        included_bytes=1,
        action=TrafficAction.LIMIT,
        outcome=outcome,
    )
    with unit_of_work() as unit:
        unit.add(alert)
    return alert.id


MAKERS: dict[str, Callable[[Company], int | None]] = {
    "cabled server": _cabled_server,
    "blocked server": _blocked_server,
    "port": _port,
    "writable switch": _writable_switch,
    "plan": _plan,
    "limit to set": functools.partial(_limit, outcome=AlertOutcome.WANTED),
    "limit to lift": functools.partial(_limit, outcome=AlertOutcome.DONE),
}
