"""Hardware that is expected: orders by their number, and the machines that came of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory import cleanings, deliveries
from opsportal.domain.inventory.discovery import TOPIC
from opsportal.domain.inventory.order_lines import Ordered, parse_order
from opsportal.domain.inventory.refusals import NameUnusable, OrderEmpty, OrderKnown
from opsportal.domain.refusals import BadRequest
from opsportal.models import Cleaning, CleaningKind, HardwareOrder, Server, StockStatus

MAX_MACHINES = 1_000
SHOWN = 100
MAX_NAMED = 8
"""Machines that are named with their order."""
_REF = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,98}[\x21-\x7e]|[\x21-\x7e]")


def enter(unit: Unit, actor: Actor, *, ref: str, machines: int, parts: str) -> HardwareOrder:
    """Write down what was ordered, before it comes. `parts`: lines, or a CSV file's text, for each machine."""
    actor.require(Permission.STOCK_MANAGE)
    number = ref.strip()
    if not _REF.fullmatch(number):
        raise NameUnusable
    if not 1 <= machines <= MAX_MACHINES:
        raise BadRequest
    lines = parse_order(parts)
    if not lines:
        raise OrderEmpty
    order = HardwareOrder(
        ref=number, machines=machines, lines=[line.asdict() for line in lines], actor_id=actor.person_id,
        actor_name=actor.name,
    )  # fmt: skip
    try:
        with unit.begin_nested():
            unit.add(order)
    except IntegrityError:
        raise OrderKnown from None
    trail.record(
        unit, "order:entered", actor=actor, object_kind="hardware_order", object_id=order.id,
        object_name=number, machines=machines, lines=len(lines),
    )  # fmt: skip
    unit.changed(TOPIC)
    return order


def lines_of(unit: Unit, ref: str) -> list[Ordered]:
    """What the order of this number expects in each machine; nothing when there is none."""
    query = select(HardwareOrder).where(func.lower(HardwareOrder.ref) == ref.strip().lower())
    order = unit.exec(query).first()
    return [Ordered(**line) for line in order.lines] if order else []


@dataclass(frozen=True, slots=True)
class Expected:
    """An order, and how many of its machines were taken in."""

    order: HardwareOrder
    arrived: int


def list_orders(actor: Actor, unit: Unit, *, looked_for: int = 0) -> list[Expected]:
    """The newest orders first; before them the one that somebody looks for, however old."""
    actor.require(Permission.FLEET_VIEW)
    came = (
        select(func.lower(Cleaning.order_ref), func.count(func.distinct(Cleaning.server_id)))
        .where(col(Cleaning.kind) == CleaningKind.INTAKE, col(Cleaning.order_ref) != "")
        .group_by(func.lower(Cleaning.order_ref))
    )
    arrived: dict[str, int] = dict(unit.execute(came).all())
    is_it = col(HardwareOrder.id) == looked_for
    query = select(HardwareOrder).order_by(is_it.desc(), col(HardwareOrder.id).desc()).limit(SHOWN)
    return [Expected(order, arrived.get(order.ref.lower(), 0)) for order in unit.exec(query)]


@dataclass(frozen=True, slots=True)
class Came:
    """A machine that came of an order. `differs`: it is not as ordered, and nobody has decided about it."""

    server: Server
    differs: bool


def list_came(actor: Actor, unit: Unit, refs: Sequence[str]) -> dict[str, list[Came]]:
    """By the order's number in lower case: its machines, the newest first, MAX_NAMED at most of each."""
    actor.require(Permission.FLEET_VIEW)
    ref = func.lower(Cleaning.order_ref)
    place = func.row_number().over(partition_by=ref, order_by=col(Cleaning.id).desc())
    newest = (
        select(ref.label("ref"), col(Cleaning.id), col(Cleaning.server_id), place.label("place"))
        .where(col(Cleaning.kind) == CleaningKind.INTAKE, ref.in_([one.lower() for one in refs]))
        .subquery()
    )
    query = (
        select(newest.c.ref, Server)
        .join(newest, newest.c.server_id == col(Server.id))
        .where(newest.c.place <= MAX_NAMED)
        .order_by(newest.c.id.desc())
    )
    came: dict[str, dict[int, Server]] = {}
    for number, server in unit.execute(query):
        came.setdefault(number, {}).setdefault(server.id, server)
    return {number: [_came(unit, one) for one in servers.values()] for number, servers in came.items()}


def _came(unit: Unit, server: Server) -> Came:
    is_open = server.stock_status == StockStatus.CLEANING
    cleaning = cleanings.find_cleaning(unit, server.id or 0) if is_open else None
    return Came(server, deliveries.beside_order(unit, server.id or 0, cleaning).needs_word)
