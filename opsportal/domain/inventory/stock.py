"""A machine's way through stock. Every step is taken under its row's lock, and the database checks it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for, access_service_for
from opsportal.domain.audit import trail
from opsportal.domain.consoles import endings
from opsportal.domain.hardware import owners
from opsportal.domain.hardware.port_orders import in_force
from opsportal.domain.inventory import topics
from opsportal.domain.inventory.refusals import (
    ReasonMissing,
    ServerAtWork,
    ServerNotAnswering,
    ServerNotAvailable,
    ServerStillBlocked,
    ServiceHasServer,
    ServiceStillRuns,
    ServiceTakesNoServer,
    StockStepNotPossible,
)
from opsportal.domain.lifecycle import STOCK, move
from opsportal.models import (
    ACTIVE_JOB,
    Family,
    HardwareJob,
    Plan,
    Power,
    Server,
    Service,
    ServiceStatus,
    StockStatus,
)

ENDED = (ServiceStatus.TERMINATED, ServiceStatus.CANCELLED)
MIN_REASON = 3
MAX_REASON = 500


def locked(unit: Unit, actor: Actor, server_id: int) -> Server:
    """A server that the actor may move through stock, locked."""
    access_server_for(actor, unit, server_id, permission=Permission.STOCK_MANAGE)
    return unit.get_one(Server, server_id, with_for_update=True, populate_existing=True)


def checked_reason(reason: str) -> str:
    """A reason that says something. Raises `ReasonMissing`."""
    words = reason.strip()[:MAX_REASON]
    if len(words) < MIN_REASON:
        raise ReasonMissing
    return words


def step(
    unit: Unit, actor: Actor | None, server: Server, target: StockStatus, *, tag: str, reason: str = ""
) -> None:
    """Take a declared step and say so; one that is not declared from here is a refusal."""
    if not STOCK.allows(server.stock_status, target):
        raise StockStepNotPossible(server=server.name)
    move(unit, STOCK, server, target, actor_id=actor.person_id if actor else None, reason=reason)
    trail.record(
        unit, f"stock:{tag}", actor=actor, object_kind="server", object_id=server.id,
        object_name=server.name, actor_name="" if actor else "portal", reason=reason,
    )  # fmt: skip
    assert server.id is not None
    topics.announce(unit, server.id)
    unit.flush()


def let_server(unit: Unit, actor: Actor, server_id: int, *, service_id: int) -> Server:
    """Take an available server out of stock for a service. Of two people who do so at once one gets it.

    One whose BMC has not answered twice in a row is refused until it answers again, which the sweep finds out.
    """
    service = _taker(unit, actor, service_id)
    server = locked(unit, actor, server_id)
    if server.stock_status != StockStatus.AVAILABLE:
        raise ServerNotAvailable(server=server.name)
    if server.bmc_failed_at is not None and server.power == Power.UNKNOWN:
        raise ServerNotAnswering(server=server.name)
    refuse_at_work(unit, server)
    owners.require_nobody(unit, server)
    server.service_id = service.id
    step(unit, actor, server, StockStatus.LEASED, tag="let", reason=f"service {service.id}")
    return server


def _taker(unit: Unit, actor: Actor, service_id: int) -> Service:
    """A service that waits for a server, locked so that nobody gives it a second one."""
    actor.require(Permission.STOCK_MANAGE)
    if actor.may(Permission.SERVICES_VIEW):
        access_service_for(actor, unit, service_id)
    service = unit.get(Service, service_id, with_for_update=True, populate_existing=True)
    family = unit.get_one(Plan, service.plan_id).family if service else ""
    if service is None or service.status in ENDED or family != Family.SERVER:
        raise ServiceTakesNoServer
    if unit.exec(select(Server.id).where(col(Server.service_id) == service_id)).first() is not None:
        raise ServiceHasServer
    return service


def take_back(unit: Unit, actor: Actor, server_id: int, *, reason: str) -> Server:
    """Take a server from a service that has ended, into quarantine."""
    words = checked_reason(reason)
    server = locked(unit, actor, server_id)
    if server.service_id is None:
        raise StockStepNotPossible(server=server.name)
    if unit.get_one(Service, server.service_id).status not in ENDED:
        raise ServiceStillRuns(server=server.name)
    refuse_at_work(unit, server)
    owners.require_nobody(unit, server)
    endings.end_consoles(unit, reason=endings.TAKEN_BACK, server_id=server_id)
    server.service_id = None
    step(unit, actor, server, StockStatus.QUARANTINED, tag="taken_back", reason=words)
    return server


def refuse_at_work(unit: Unit, server: Server) -> None:
    """Refuses with `ServerAtWork` while a job on it has not ended. The caller has locked the server."""
    busy = select(HardwareJob.id).where(
        col(HardwareJob.server_id) == server.id, col(HardwareJob.status).in_(ACTIVE_JOB)
    )
    if unit.exec(busy).first() is not None:
        raise ServerAtWork(server=server.name)


def release(unit: Unit, actor: Actor, server_id: int) -> Server:
    """Put a verified machine on sale. One that a block of its last tenancy still cuts off is refused."""
    server = locked(unit, actor, server_id)
    if server.stock_status != StockStatus.VERIFIED:
        raise StockStepNotPossible(server=server.name)
    if in_force(unit, server_id) is not None:
        raise ServerStillBlocked(server=server.name)
    step(unit, actor, server, StockStatus.AVAILABLE, tag="released")
    return server


def mark_faulty(unit: Unit, actor: Actor, server_id: int, *, reason: str) -> Server:
    """Take a machine out of stock because something about it is wrong. What it has as evidence stays on record."""
    words = checked_reason(reason)
    server = locked(unit, actor, server_id)
    step(unit, actor, server, StockStatus.FAULTY, tag="faulty", reason=words)
    return server


def take_over(unit: Unit, actor: Actor, server_id: int, *, reason: str) -> Server:
    """A person takes a faulty machine over: it was looked at, and begins again in quarantine."""
    words = checked_reason(reason)
    server = locked(unit, actor, server_id)
    if server.stock_status != StockStatus.FAULTY:
        raise StockStepNotPossible(server=server.name)
    step(unit, actor, server, StockStatus.QUARANTINED, tag="taken_over", reason=words)
    return server


def quarantine(unit: Unit, actor: Actor, server_id: int, *, reason: str) -> Server:
    """Take a machine back from cleaning or stock: what was found about it no longer counts."""
    words = checked_reason(reason)
    server = locked(unit, actor, server_id)
    if server.service_id is not None or server.stock_status == StockStatus.FAULTY:
        raise StockStepNotPossible(server=server.name)
    step(unit, actor, server, StockStatus.QUARANTINED, tag="quarantined", reason=words)
    return server


@dataclass(frozen=True, slots=True)
class StockCounts:
    """How many machines are in each state."""

    by_status: dict[str, int]


def count_stock(actor: Actor, unit: Unit) -> StockCounts:
    """For those who see the fleet."""
    actor.require(Permission.FLEET_VIEW)
    query = select(col(Server.stock_status), func.count()).group_by(col(Server.stock_status))
    counted = dict(unit.execute(query).all())
    return StockCounts({status.value: int(counted.get(status.value, 0)) for status in StockStatus})


def list_stock(
    actor: Actor, unit: Unit, *, statuses: Sequence[StockStatus], limit: int = 500
) -> list[Server]:
    """Machines in these states by name."""
    actor.require(Permission.FLEET_VIEW)
    query = select(Server).where(col(Server.stock_status).in_(statuses)).order_by(col(Server.name))
    return list(unit.exec(query.limit(limit)))
