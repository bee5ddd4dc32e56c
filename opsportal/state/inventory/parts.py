"""Parts in servers and in the store."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import topics
from opsportal.domain.inventory import parts
from opsportal.domain.inventory.parts import PartFilter
from opsportal.domain.inventory.topics import STOCK
from opsportal.models import Part, Server
from opsportal.state.guard import allow
from opsportal.state.inventory.views import PartsView, PartView
from opsportal.state.inventory.work import PartKindName
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Page, address


class PartsAddress(Page):
    """/parts?kind=&status=&q=&page="""

    kind: Literal[""] | PartKindName = ""
    status: Literal["", "installed", "missing", "spare", "broken", "retired"] = ""


class PartsState(rx.State):
    """Every part on record."""

    parts: PartsView = PartsView()
    problem: ProblemView = ProblemView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        wanted = address(self, PartsAddress)
        chosen = PartFilter(wanted.kind, wanted.status, wanted.q.strip(), wanted.page)
        return await show(self, *SHELL, (PARTS, chosen))


def part_view(part: Part, server: Server | None = None) -> PartView:
    return PartView(
        id=part.id or 0,
        kind=part.kind,
        serial=part.serial or "",
        wwn=part.wwn or "",
        model=part.model,
        slot=part.slot,
        firmware=part.firmware,
        status=part.status,
        note=part.note,
        server_id=part.server_id or 0,
        server=server.name if server else "",
        seen_at=iso(part.seen_at),
    )


def read_parts(unit: Unit, actor: Actor, wanted: PartFilter) -> PartsView:
    found, total = parts.list_parts(actor, unit, wanted)
    return PartsView(
        is_ready=True,
        rows=[part_view(part, server) for part, server in found],
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // parts.PAGE)),
    )


PARTS = StateView(
    "parts",
    PartsState,
    "parts",
    read_parts,
    lambda *_: frozenset({STOCK, topics.FLEET}),
    empty=PartsView(),
)
