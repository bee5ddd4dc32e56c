"""Hardware that is expected: orders by their number, and the machines that came of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory.discovery import TOPIC
from opsportal.domain.inventory.order_lines import Ordered, parse_order
from opsportal.domain.inventory.refusals import NameUnusable, OrderEmpty, OrderKnown
from opsportal.domain.refusals import BadRequest
from opsportal.models import Cleaning, CleaningKind, HardwareOrder

MAX_MACHINES = 1_000
SHOWN = 100
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


def list_orders(actor: Actor, unit: Unit) -> list[Expected]:
    """The newest orders first."""
    actor.require(Permission.FLEET_VIEW)
    came = (
        select(func.lower(Cleaning.order_ref), func.count(func.distinct(Cleaning.server_id)))
        .where(col(Cleaning.kind) == CleaningKind.INTAKE, col(Cleaning.order_ref) != "")
        .group_by(func.lower(Cleaning.order_ref))
    )
    arrived: dict[str, int] = dict(unit.execute(came).all())
    query = select(HardwareOrder).order_by(col(HardwareOrder.id).desc()).limit(SHOWN)
    return [Expected(order, arrived.get(order.ref.lower(), 0)) for order in unit.exec(query)]
