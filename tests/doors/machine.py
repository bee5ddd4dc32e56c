"""Objects and doors of a machine's cards and of switch ports."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.consoles import screens
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.domain.traffic.cycles import cycle_before, cycle_on
from opsportal.models import AlertOutcome, Company, Switch, SwitchPort, TrafficAction, TrafficAlert
from tests.builders import make_server, make_service
from tests.cabling import make_block, make_port, make_switch
from tests.doors import stock


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


def _free_port(company: Company) -> int | None:
    make_server()
    return make_port().id


def _idle_switch(company: Company) -> int | None:
    return make_switch().id


def _retired_switch(company: Company) -> int | None:
    return make_switch(is_polled=False).id


def _server_with_screen(company: Company) -> int | None:
    server = make_server(make_service(company))
    with unit_of_work() as unit:
        screens.put_screen(unit, server.id or 0, ScreenEndpoint("127.0.0.1", 5901))
    return server.id


def _beside_a_free_port(company: Company) -> int | None:
    make_port()
    return make_server(make_service(company)).id


def _cabled_port(company: Company) -> int | None:
    port = make_port(make_server(make_service(company)))
    make_port()
    return port.id


def _rack_beside_a_switch(company: Company) -> int | None:
    make_switch()
    return stock.make_rack()


def free_port() -> str:
    """The newest port, which nobody is on, as forms name it: for a payload, so that nothing is made here."""
    query = select(Switch.name, SwitchPort.if_name).join(
        SwitchPort, col(SwitchPort.switch_id) == col(Switch.id)
    )
    with unit_of_work() as unit:
        found = unit.exec(query.order_by(col(SwitchPort.id).desc())).first()
    return " ".join(found or ("none", "none"))


def newest_switch() -> int:
    with unit_of_work() as unit:
        return unit.exec(select(Switch.id).order_by(col(Switch.id).desc())).first() or 1


MAKERS: dict[str, Callable[[Company], int | None]] = {
    "cabled server": _cabled_server,
    "blocked server": _blocked_server,
    "port": _port,
    "free port": _free_port,
    "idle switch": _idle_switch,
    "retired switch": _retired_switch,
    "server with screen": _server_with_screen,
    "server beside a free port": _beside_a_free_port,
    "cabled port": _cabled_port,
    "rack beside a switch": _rack_beside_a_switch,
    "writable switch": _writable_switch,
    "plan": _plan,
    "limit to set": functools.partial(_limit, outcome=AlertOutcome.WANTED),
    "limit to lift": functools.partial(_limit, outcome=AlertOutcome.DONE),
}
