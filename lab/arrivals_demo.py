"""What is on its way into the demo's stock: an order of four machines, two of them taken in and asked what they are made
of, one of those not as ordered; the others answer in their management network and can be taken in by whoever sits there.

Also the firmware that machines are to have. One that is being cleaned has another.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from lab.bmcs.identities import MODELS
from opsportal.db import Unit
from opsportal.domain.access import Actor
from opsportal.domain.inventory import discovery, firmware, intake, orders, work
from opsportal.domain.inventory.intake import Arrival
from opsportal.models import ApprovedFirmware, Bmc, BmcSweep, HardwareOrder, Rack, Server, StockStatus

ORDER = "NR-2043"
LINES = """kind,count,model,serials
chassis,1,AS-1115HS-TNR,
cpu,1,EPYC 9354P,
dimm,4,32 GB,
disk,2,3.84 TB,
"""
TAKEN_IN = {"new-001": "stock-101", "new-002": "stock-102"}
"""The second one has a memory module too few."""
APPROVED = "1.00"


def fill(unit: Unit, actor: Actor, newcomers: Sequence[dict[str, Any]]) -> None:
    """Once; what people have done meanwhile stays. Workers do what is asked for here as soon as they run."""
    if not newcomers:
        return
    _follow(unit, newcomers)
    _approve(unit, actor)
    if unit.exec(select(HardwareOrder.id)).first() is not None:
        return
    orders.enter(unit, actor, ref=ORDER, machines=len(newcomers), parts=LINES)
    racks = iter(unit.exec(select(Rack.id).order_by(col(Rack.name).desc())).all())
    for one in newcomers:
        if one["name"] in TAKEN_IN:
            _take_in(unit, actor, one, rack_id=next(racks, None) or 0)
    if unit.exec(select(BmcSweep.id)).first() is None:
        discovery.ask(unit, actor, **where_they_are(newcomers))


def where_they_are(newcomers: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The network and the ports to search for them."""
    hosts = {one["host"] for one in newcomers}
    ports = sorted({one["port"] for one in newcomers})
    network = ipaddress.ip_network(f"{min(hosts)}/28", strict=False)
    return {
        "where": str(network) if len(hosts) > 1 else min(hosts),
        "ipmi_ports": f"{ports[0]}-{ports[-1]}" if len(ports) > 1 else str(ports[0]),
        "redfish_ports": "",
    }


def _take_in(unit: Unit, actor: Actor, one: dict[str, Any], *, rack_id: int) -> None:
    arrival = Arrival(
        TAKEN_IN[one["name"]], one["mac"], one["host"], one["username"], one["password"], one["port"],
        order_ref=ORDER, rack_id=rack_id, bottom_u=1,
    )  # fmt: skip
    intake.take_in(unit, actor, arrival)


def _follow(unit: Unit, newcomers: Sequence[dict[str, Any]]) -> None:
    """Their BMCs may have moved since; who signs in to them is the portal's own affair by now."""
    for one in newcomers:
        row = unit.exec(select(Bmc).join(Server).where(col(Server.mac) == one["mac"])).first()
        if row is not None:
            row.host, row.port = one["host"], one["port"]


def _approve(unit: Unit, actor: Actor) -> None:
    if unit.exec(select(ApprovedFirmware.id)).first() is not None:
        return
    for model, *_ in MODELS:
        firmware.approve(unit, actor, model=model, component=firmware.BMC, version=APPROVED)
    cleaning = select(Server.id).where(col(Server.stock_status) == StockStatus.CLEANING)
    for number in unit.exec(cleaning.order_by(col(Server.id))).all():
        work.clean(unit, actor, number or 0)
