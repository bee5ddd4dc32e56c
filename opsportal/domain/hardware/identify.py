"""The identify light: possible at any time. It changes nothing that a job depends on, so it needs no lease, waits for
no job and is none; it takes a short session of its own at the BMC."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics
from opsportal.domain.refusals import ServerWithoutBmc
from opsportal.models import Bmc, Server, ServerLight, Service
from opsportal.models.base import utcnow

QUEUE, TASK = "hardware", "server_light"
ASKING_LIMIT = dt.timedelta(seconds=60)
"""A light that would come on later than that is no answer to the click any more."""


WITHOUT_DURATION = ("redfish",)
"""Drivers whose light blinks until it is put out (DSP0268, LocationIndicatorActive)."""
PUT_OUT_FOR = dt.timedelta(minutes=15)
"""For how long a light that does not go out by itself is asked to, when its BMC is silent."""


@dataclass(frozen=True, slots=True)
class Light:
    """What became of the newest click. `status`: "", asking, lit or failed."""

    status: str = ""
    until: dt.datetime | None = None
    error_code: str = ""


def ask(unit: Unit, actor: Actor, server_id: int) -> None:
    """Have the light blink. While somebody is asking already this does nothing more."""
    server, service = access_server_for(actor, unit, server_id, permission=Permission.SERVER_IDENTIFY)
    if unit.get(Bmc, server_id) is None:
        raise ServerWithoutBmc
    unit.get_one(Server, server_id, with_for_update=True)
    row = unit.get(ServerLight, server_id, populate_existing=True) or ServerLight(server_id=server_id)
    if is_asking(row):
        return
    row.asking_since, row.error_code = utcnow(), None
    unit.add(row)
    unit.enqueue(QUEUE, TASK, server_id)
    _recorded(unit, actor, server, service)


def _recorded(unit: Unit, actor: Actor, server: Server, service: Service | None) -> None:
    trail.record(
        unit, "server:identify_requested", actor=actor, object_kind="server", object_id=server.id,
        object_name=server.name, company_id=service.company_id if service else None,
    )  # fmt: skip
    unit.changed(topics.server(server.id or 0), topics.LIGHTS)


def is_asking(row: ServerLight) -> bool:
    """Whether a click waits for its worker."""
    return row.asking_since is not None and row.asking_since > utcnow() - ASKING_LIMIT


def light_of(unit: Unit, server_id: int) -> Light:
    """How the newest click went; the caller has authorised access to the server."""
    row = unit.get(ServerLight, server_id)
    if row is None:
        return Light()
    if is_asking(row):
        return Light("asking")
    if row.asking_since is not None:
        return Light("failed", error_code="waited_too_long")
    if row.error_code:
        return Light("failed", error_code=row.error_code)
    is_lit = row.lit_until is not None and row.lit_until > utcnow()
    return Light("lit", row.lit_until) if is_lit else Light()


def is_wanted(unit: Unit, server_id: int) -> bool:
    """Whether a worker should send the command now."""
    row = unit.get(ServerLight, server_id)
    return row is not None and is_asking(row)


def record(unit: Unit, server_id: int, *, lit_s: int = 0, error_code: str | None = None) -> None:
    """Keep what the BMC has said: it blinks for so long, or why it does not."""
    row = unit.get_one(ServerLight, server_id, with_for_update=True, populate_existing=True)
    row.asking_since, row.error_code = None, error_code
    row.lit_until = None if error_code else utcnow() + dt.timedelta(seconds=lit_s)
    unit.add(row)
    unit.changed(topics.server(server_id), topics.LIGHTS)


def wake_overdue(unit: Unit) -> int:
    """Have every light put out whose time is over and that blinks on. Returns how many."""
    numbers = unit.exec(_overdue()).all()
    for number in numbers:
        unit.enqueue(QUEUE, TASK, number)
    return len(numbers)


def is_overdue(unit: Unit, server_id: int) -> bool:
    """Whether a worker should put the light out now."""
    return unit.exec(_overdue().where(col(ServerLight.server_id) == server_id)).first() is not None


def _overdue() -> SelectOfScalar[int]:
    now = utcnow()
    return (
        select(ServerLight.server_id)
        .join(Bmc, col(Bmc.server_id) == col(ServerLight.server_id))
        .where(
            col(Bmc.driver).in_(WITHOUT_DURATION),
            col(ServerLight.lit_until) <= now,
            col(ServerLight.lit_until) > now - PUT_OUT_FOR,
            col(ServerLight.asking_since).is_(None),
        )
    )


def record_out(unit: Unit, server_id: int) -> None:
    """The BMC has said that the light is out."""
    row = unit.get_one(ServerLight, server_id, with_for_update=True, populate_existing=True)
    if row.lit_until is not None and row.lit_until <= utcnow():
        row.lit_until = None
