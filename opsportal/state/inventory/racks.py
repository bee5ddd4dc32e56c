"""Sites with their racks, and one rack from its front."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import topics
from opsportal.domain.inventory import places
from opsportal.domain.inventory.places import RackRow, Standing
from opsportal.domain.inventory.topics import RACKS as RACKS_TOPIC
from opsportal.state.guard import allow
from opsportal.state.inventory.views import ChoiceView, RackRowView, RacksView, RackView, SiteView, UnitView
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView
from opsportal.state.wire import Address, address


class RacksState(rx.State):
    """Every site and its racks."""

    racks: RacksView = RacksView()
    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (RACKS, None))


class RackAddress(Address):
    rack_id: Annotated[int, Field(gt=0, lt=2**63)]


class RackState(rx.State):
    """One rack."""

    rack: RackView = RackView()
    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (RACK, address(self, RackAddress).rack_id))


def read_racks(unit: Unit, actor: Actor, _: Any) -> RacksView:
    rows = places.list_racks(actor, unit)
    sites = places.list_sites(actor, unit)
    return RacksView(
        is_ready=True,
        sites=[
            SiteView(
                site.id or 0, site.name, site.address, [_row(row) for row in rows if row.site.id == site.id]
            )
            for site in sites
        ],
        choices=[ChoiceView(site.id or 0, site.name) for site in sites],
        racks=len(rows),
        unplaced=_unplaced(actor, unit),
    )


def _row(row: RackRow) -> RackRowView:
    return RackRowView(
        row.rack.id or 0, row.site.name, row.rack.name, row.rack.height_u, row.used_u, row.things
    )


def _unplaced(actor: Actor, unit: Unit) -> list[ChoiceView]:
    return [ChoiceView(server.id or 0, server.name) for server in places.list_unplaced(actor, unit)]


def read_rack(unit: Unit, actor: Actor, rack_id: int) -> RackView:
    rack, site = places.access_rack_for(actor, unit, rack_id, permission=Permission.FLEET_VIEW)
    standing = places.elevation(actor, unit, rack_id)
    return RackView(
        is_ready=True,
        id=rack_id,
        name=rack.name,
        site=site.name,
        height_u=rack.height_u,
        used_u=sum(one.position.units for one in standing),
        units=_units(standing, rack.height_u),
        things=[_unit(one, rack.height_u) for one in standing],
        numbers=list(range(rack.height_u, 0, -1)),
        unplaced=_placeable(actor, unit, standing),
        switches=[ChoiceView(one.id or 0, one.name) for one in places.list_unplaced_switches(actor, unit)],
    )


def _placeable(actor: Actor, unit: Unit, standing: list[Standing]) -> list[ChoiceView]:
    """Servers that stand nowhere, and those of this rack, which move in it."""
    here = [ChoiceView(one.server.id or 0, one.server.name) for one in standing if one.server]
    return _unplaced(actor, unit) + here


def _units(standing: list[Standing], height_u: int) -> list[UnitView]:
    """From the top down, with the free units between."""
    found: list[UnitView] = []
    top = height_u
    for one in standing:
        above = one.position.bottom_u + one.position.units
        found += _free(above, top, height_u)
        found.append(_unit(one, height_u))
        top = one.position.bottom_u - 1
    return found + _free(1, top, height_u)


def _free(bottom_u: int, top_u: int, height_u: int) -> list[UnitView]:
    if top_u < bottom_u:
        return []
    return [UnitView(bottom_u=bottom_u, units=top_u - bottom_u + 1, row=height_u - top_u + 1)]


def _unit(one: Standing, height_u: int) -> UnitView:
    position, server = one.position, one.server
    row = height_u - (position.bottom_u + position.units - 1) + 1
    common = {
        "position_id": position.id or 0, "bottom_u": position.bottom_u, "units": position.units, "row": row,
    }  # fmt: skip
    if server is None:
        kind = "switch" if one.switch else "thing"
        return UnitView(**common, kind=kind, name=one.switch.name if one.switch else position.label or "")
    return UnitView(
        **common,
        kind="server",
        name=server.name,
        server_id=server.id or 0,
        stock=server.stock_status,
        power=server.power,
        job_kind=one.job.kind if one.job else "",
        bmc_error_code=server.bmc_error_code or "",
    )


RACKS = StateView(
    "racks",
    RacksState,
    "racks",
    read_racks,
    lambda *_: frozenset({RACKS_TOPIC}),
    empty=RacksView(),
)
RACK = StateView(
    "rack",
    RackState,
    "rack",
    read_rack,
    lambda *_: frozenset({RACKS_TOPIC, topics.FLEET, topics.JOBS}),
    empty=RackView(),
)
