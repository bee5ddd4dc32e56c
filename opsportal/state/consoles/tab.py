"""The console tab: whether consoles can be opened, and who had one."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.consoles import grants, topics
from opsportal.domain.consoles.refusals import ConsoleAway
from opsportal.domain.hardware import topics as hardware_topics
from opsportal.domain.refusals import Refusal
from opsportal.models import ConsoleGrant, ConsoleKind, ServerScreen
from opsportal.settings import settings
from opsportal.state.consoles.views import ConsolesView, ConsoleVisitView
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, iso


class ConsoleState(rx.State):
    """The console tab of a server."""

    consoles: ConsolesView = ConsolesView()
    problem: ProblemView = ProblemView()


def read_consoles(unit: Unit, actor: Actor, server_id: int) -> ConsolesView:
    access_server_for(actor, unit, server_id, permission=Permission.SERVER_CONSOLE)
    return ConsolesView(
        is_ready=True,
        server_id=server_id,
        has_screen=unit.get(ServerScreen, server_id) is not None,
        problem_msgid=_problem(unit, actor, server_id),
        visits=[_visit(grant) for grant in grants.list_recent(actor, unit, server_id)],
    )


def _problem(unit: Unit, actor: Actor, server_id: int) -> str:
    if not settings().console_gateway:
        return ConsoleAway.msgid
    try:
        grants.check_openable(unit, actor, server_id, ConsoleKind.SERIAL)
    except Refusal as refusal:
        return refusal.msgid
    return ""


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
    empty=ConsolesView(),
)
