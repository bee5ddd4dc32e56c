"""The console tab: whether consoles can be opened, and who had one."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.consoles import bmc_access, grants, topics
from opsportal.domain.consoles.refusals import ConsoleAway
from opsportal.domain.hardware import families
from opsportal.domain.hardware import topics as hardware_topics
from opsportal.domain.refusals import Refusal
from opsportal.models import BmcAccess, ConsoleGrant, ConsoleKind, ServerScreen
from opsportal.settings import settings
from opsportal.state.consoles.views import AccessView, ConsolesView, ConsoleVisitView
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, iso


class ConsoleState(rx.State):
    """The console tab of a server."""

    consoles: ConsolesView = ConsolesView()
    problem: ProblemView = ProblemView()


def read_consoles(unit: Unit, actor: Actor, server_id: int) -> ConsolesView:
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    accesses = [_access(row, actor) for row in bmc_access.list_shown(unit, actor, server_id)]
    refusal = _refusal(unit, actor, server_id)
    no_serial = _refusal(unit, actor, server_id, ConsoleKind.SERIAL)
    has_screen = unit.get(ServerScreen, server_id) is not None
    return ConsolesView(
        is_ready=True,
        server_id=server_id,
        has_screen=has_screen,
        could_have_screen=actor.is_staff and not has_screen and families.could_serve_screen(unit, server_id),
        serial_msgid="" if refusal else no_serial,
        problem_msgid=refusal if settings().console_gateway else ConsoleAway.msgid,
        access_msgid=refusal,
        offers_access=bmc_access.is_offered(unit, server_id) or any(row.status != "gone" for row in accesses),
        accesses=accesses,
        visits=[_visit(grant) for grant in grants.list_recent(actor, unit, server_id)],
    )


def _refusal(unit: Unit, actor: Actor, server_id: int, kind: ConsoleKind | None = None) -> str:
    try:
        grants.check_openable(unit, actor, server_id, kind)
    except Refusal as refusal:
        return refusal.msgid
    return ""


def _access(row: BmcAccess, actor: Actor) -> AccessView:
    return AccessView(
        id=row.id or 0,
        person=row.person_name,
        username=row.username,
        status=row.status,
        is_mine=row.session_id == actor.session_id,
        is_own=row.person_id == actor.person_id,
        is_shown=row.shown_at is not None,
        expires_at=iso(row.expires_at),
        end_reason=row.end_reason or "",
        outcome_code=row.outcome_code or "",
    )


def _visit(grant: ConsoleGrant) -> ConsoleVisitView:
    return ConsoleVisitView(
        id=grant.id or 0,
        kind=grant.kind,
        person=grant.person_name,
        is_staff=grant.is_staff,
        is_writer=grant.is_writer,
        opened_at=iso(grant.attached_at),
        ended_at=iso(grant.ended_at),
        end_reason=grant.end_reason or "",
    )


CONSOLES = StateView(
    "consoles",
    ConsoleState,
    "consoles",
    read_consoles,
    lambda _, server_id: frozenset({topics.console(server_id), hardware_topics.server(server_id)}),
    is_personal=True,  # a temporary access is one session's
    empty=ConsolesView(),
)
