"""Who did what, when, from where."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.state import rows
from opsportal.state.guard import allow
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import AuditListView, ProblemView
from opsportal.state.wire import Address, Search, address


class AuditAddress(Address):
    """/audit?before=&tag="""

    before: Annotated[int, Field(ge=0, lt=2**63)] = 0
    tag: Search = ""


class AuditState(rx.State):
    """Who did what, when, from where."""

    trail: AuditListView = AuditListView()
    problem: ProblemView = ProblemView()
    tag: str = ""

    @allow(Permission.AUDIT_VIEW)
    async def open(self) -> Any:
        wanted = address(self, AuditAddress)
        self.tag = wanted.tag
        return await show(self, *SHELL, (TRAIL, (wanted.before, wanted.tag)))


def read_trail(unit: Unit, actor: Actor, params: tuple[int, str]) -> AuditListView:
    before, tag = params
    found = trail.list_events(actor, unit, before=before or None, tag=tag)
    page = found[: trail.PAGE]
    return AuditListView(
        is_ready=True,
        rows=[rows.audit_view(event, with_ip=True) for event in page],
        next_before=(page[-1].id or 0) if len(found) > trail.PAGE else 0,
    )


TRAIL = StateView(
    "audit", AuditState, "trail", read_trail, lambda *_: frozenset({"audit"}), empty=AuditListView()
)
