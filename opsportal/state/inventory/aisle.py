"""A machine found by its label, for somebody in front of it; and the labels to print."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
import segno
from pydantic import Field
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import topics
from opsportal.domain.hardware.port_orders import in_force
from opsportal.domain.hardware.requests import find_obstacle
from opsportal.domain.inventory import labels, places
from opsportal.domain.provisioning import systems
from opsportal.models import Bmc, Company, PortLink, RackPosition, Server, Switch, SwitchPort, SystemPurpose
from opsportal.settings import settings
from opsportal.state.guard import allow
from opsportal.state.inventory.machine import newest_job
from opsportal.state.inventory.views import AisleView, ChoiceView, LabelsView, LabelView
from opsportal.state.machine.lights import light_of
from opsportal.state.provisioning.tab import disk_views, system_views
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address, address

LABELS_A_PAGE = 24


class AisleAddress(Address):
    label: Annotated[str, Field(min_length=1, max_length=labels.MAX_LABEL, pattern=r"^[^\x00]*$")]


class AisleState(rx.State):
    """The machine whose label was scanned."""

    aisle: AisleView = AisleView()
    problem: ProblemView = ProblemView()
    label: str = ""

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        self.label = address(self, AisleAddress).label
        return await show(self, *SHELL, (AISLE, self.label))


class ScanState(rx.State):
    """The page that scans: it shows nothing of its own."""

    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        self.problem = ProblemView()  # no view of it would take back what once went wrong
        return await show(self, *SHELL)


class LabelsAddress(Address):
    """/labels?rack=&server=&page="""

    rack: Annotated[int, Field(ge=0, lt=2**63)] = 0
    server: Annotated[int, Field(ge=0, lt=2**63)] = 0
    page: Annotated[int, Field(ge=1, le=100_000)] = 1


class LabelsState(rx.State):
    """Labels to print."""

    labels: LabelsView = LabelsView()
    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        wanted = address(self, LabelsAddress)
        return await show(self, *SHELL, (LABELS, (wanted.rack, wanted.server, wanted.page)))


def read_aisle(unit: Unit, actor: Actor, label: str) -> AisleView:
    number = labels.find_by_label(actor, unit, label).id or 0
    server, service = access_server_for(actor, unit, number, permission=Permission.FLEET_VIEW)
    place = places.find_position(unit, number)
    switch, port = _port(unit, number)
    return AisleView(
        is_ready=True,
        id=number,
        name=server.name,
        label=labels.label_of(number),
        model=server.model,
        site=server.site,
        rack=server.rack,
        rack_id=(place[1].id or 0) if place else 0,
        power=server.power,
        power_verified_at=iso(server.power_verified_at),
        bmc_error_code=server.bmc_error_code or "",
        stock=server.stock_status,
        is_blocked=in_force(unit, number) is not None,
        switch=switch,
        port=port,
        company=unit.get_one(Company, service.company_id).name if service else "",
        has_bmc=unit.get(Bmc, number) is not None,
        **light_of(unit, actor, number),
        job=newest_job(unit, actor, server),
        **_orders(unit, actor, number),
    )


def _orders(unit: Unit, actor: Actor, server_id: int) -> dict[str, Any]:
    """What can be ordered for the machine, and why nothing can be now."""
    if not actor.may(Permission.SERVER_REINSTALL):
        return {}
    obstacle = find_obstacle(unit, actor, server_id)
    return {
        "systems": system_views(unit, actor, server_id),
        "disks": disk_views(unit, actor, server_id),
        "can_wipe": SystemPurpose.WIPE in systems.offered_boots(actor, unit, server_id),
        "blocked": obstacle.code if obstacle else "",
        "blocked_params": dict(obstacle.params) if obstacle else {},
    }


def _port(unit: Unit, server_id: int) -> tuple[str, str]:
    query = (
        select(Switch.name, SwitchPort.if_name)
        .join(SwitchPort, col(SwitchPort.switch_id) == col(Switch.id))
        .join(PortLink, col(PortLink.port_id) == col(SwitchPort.id))
        .where(col(PortLink.server_id) == server_id, col(PortLink.valid_until).is_(None))
        .order_by(col(SwitchPort.id))
    )
    found = unit.exec(query).first()
    return (found[0], found[1]) if found else ("", "")


def read_labels(unit: Unit, actor: Actor, params: tuple[int, int, int]) -> LabelsView:
    rack_id, server_id, page = params
    actor.require(Permission.FLEET_VIEW)
    query = select(Server).outerjoin(RackPosition, col(RackPosition.server_id) == col(Server.id))
    if rack_id:
        query = query.where(col(RackPosition.rack_id) == rack_id)
    if server_id:
        query = query.where(col(Server.id) == server_id)
    total = int(unit.scalar(query.with_only_columns(func.count(), maintain_column_froms=True)) or 0)
    ordered = query.order_by(col(Server.site), col(Server.rack).desc(), col(Server.id))
    found = unit.exec(ordered.offset((page - 1) * LABELS_A_PAGE).limit(LABELS_A_PAGE))
    return LabelsView(
        is_ready=True,
        labels=[_label(server) for server in found],
        racks=[
            ChoiceView(row.rack.id or 0, f"{row.site.name} · {row.rack.name}")
            for row in places.list_racks(actor, unit)
        ],
        rack_id=rack_id,
        page=page,
        pages=max(1, -(-total // LABELS_A_PAGE)),
    )


def _label(server: Server) -> LabelView:
    label = labels.label_of(server.id or 0)
    path, size = qr_path(f"{settings().public_url}/s/{label}")
    place = f"{server.site} · {server.rack}".strip(" ·")
    return LabelView(server.id or 0, label, server.name, place, path, size)


def qr_path(text: str) -> tuple[str, int]:
    """A QR code's dark modules as an SVG path of runs, and its width with a quiet zone of four modules."""
    code = segno.make(text, error="m", micro=False)
    runs = []
    for y, row in enumerate(code.matrix):
        x = 0
        while x < len(row):
            length = 0
            while x + length < len(row) and row[x + length]:
                length += 1
            if length:
                runs.append(f"M{x + 4} {y + 4}h{length}v1h-{length}z")
            x += max(1, length)
    return "".join(runs), len(code.matrix) + 8


AISLE = StateView(
    "aisle",
    AisleState,
    "aisle",
    read_aisle,
    lambda *_: frozenset({topics.FLEET, topics.JOBS, topics.LIGHTS}),
    is_personal=True,  # whose hands a job is in depends on who looks
    empty=AisleView(),
)
LABELS = StateView(
    "labels",
    LabelsState,
    "labels",
    read_labels,
    lambda *_: frozenset({topics.FLEET}),
    empty=LabelsView(),
)
