"""The cards of a server: its health, whether it is blocked, its description."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import block, details, health, identify, topics
from opsportal.models import ACTIVE_JOB, Bmc, HardwareJob, HealthSample, Person, ServiceStatus
from opsportal.state.guard import allow, current_actor
from opsportal.state.machine.lights import light_of
from opsportal.state.machine.views import (
    BlockView,
    DetailsView,
    EventView,
    HealthView,
    PlannedPortView,
    SensorView,
    SignInView,
)
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Id

SHOWN_SENSORS, SHOWN_EVENTS = 8, 6
_RANK = {"critical": 0, "warning": 1, "ok": 2, "unknown": 3}
Reason = Annotated[str, Field(max_length=block.REASON_LENGTH, pattern=r"^[^\x00]*$")]
Description = Annotated[str, Field(max_length=details.MAX_DESCRIPTION, pattern=r"^[^\x00]*$")]


class HealthState(rx.State):
    """Sensors, power draw and events of the server that is open."""

    health: HealthView = HealthView()
    problem: ProblemView = ProblemView()

    @allow(Permission.SERVER_VIEW)
    async def ask(self, server_id: Id) -> None:
        """Have the BMC asked now; the answer arrives by the live feed."""
        await in_unit(health.ask, current_actor(), server_id)

    @allow(Permission.SERVER_IDENTIFY)
    async def blink(self, server_id: Id) -> None:
        """Let the identify light blink."""
        await in_unit(identify.ask, current_actor(), server_id)


class BlockState(rx.State):
    """Whether the server that is open is cut off the network."""

    block: BlockView = BlockView()
    problem: ProblemView = ProblemView()

    @allow(Permission.SERVER_BLOCK)
    async def cut_off(self, server_id: Id, reason: Reason, with_power: bool) -> None:
        """Take the server's own ports down, and its power if wanted."""
        await in_unit(block.request_block, current_actor(), server_id, reason=reason, with_power=with_power)

    @allow(Permission.SERVER_BLOCK)
    async def let_back(self, server_id: Id) -> None:
        """Take the ports up again."""
        await in_unit(block.request_unblock, current_actor(), server_id)


class DetailsState(rx.State):
    """The description of the server that is open, and what there is to sign in with."""

    details: DetailsView = DetailsView()
    problem: ProblemView = ProblemView()

    @allow(Permission.SERVER_SECRETS)
    async def describe(self, server_id: Id, text: Description) -> None:
        """Replace the description."""
        await in_unit(details.describe, current_actor(), server_id, text=text)


def read_health(unit: Unit, actor: Actor, server_id: int) -> HealthView:
    heard = health.read(unit, actor, server_id)
    row, samples = heard.last, heard.samples
    has_bmc = unit.get(Bmc, server_id) is not None
    light = light_of(unit, actor, server_id)
    if row is None:
        return HealthView(is_ready=True, server_id=server_id, has_bmc=has_bmc, **light)
    sensors = sorted(
        (_sensor(one) for one in row.sensors), key=lambda one: (_RANK.get(one.health, 3), one.kind, one.name)
    )
    events = [_event(number, one) for number, one in enumerate(heard.events)]
    drawn = [sample.watts for sample in samples if sample.watts is not None]
    return HealthView(
        is_ready=True,
        server_id=server_id,
        has_bmc=has_bmc,
        is_asking=health.is_asking(row),
        asked_at=iso(row.asked_at),
        error_code=row.error_code or "",
        worst=next((one.health for one in sensors if one.health != "unknown"), ""),
        sensors=sensors[:SHOWN_SENSORS],
        more_sensors=sensors[SHOWN_SENSORS:],
        sensors_code=row.sensors_code or "",
        watts=row.watts or 0,
        average_watts=row.average_watts or 0,
        hottest=_hottest(samples),
        samples=len(drawn),
        watts_low=min(drawn, default=0),
        watts_high=max(drawn, default=0),
        events=events[:SHOWN_EVENTS],
        more_events=events[SHOWN_EVENTS:],
        events_total=max(heard.events_total, len(events)),
        events_code=row.events_code or "",
        watts_line=[sample.watts for sample in samples],
        hot_line=[None if one.hottest_c is None else round(one.hottest_c) for one in samples],
        looks_since=iso(samples[0].at) if samples else "",
        **light,
    )


def _hottest(samples: list[HealthSample]) -> str:
    newest = samples[-1].hottest_c if samples else None
    return "" if newest is None else f"{newest:g} °C"


def _sensor(one: dict[str, Any]) -> SensorView:
    value = "" if one["value"] is None else f"{one['value']:g} {one['unit']}".strip()
    return SensorView(
        name=one["name"], kind=one["kind"], value=value, health=one["health"], states=one["states"]
    )


def _event(number: int, one: dict[str, Any]) -> EventView:
    return EventView(
        key=number,
        at=one["at"].replace("+00:00", "Z"),
        code=one["code"],
        kind=one["kind"],
        sensor=one["sensor"],
        severity=one["severity"],
        is_over=one["is_over"],
        detail=one["detail"],
    )


def read_block(unit: Unit, actor: Actor, server_id: int) -> BlockView:
    found = block.state(unit, actor, server_id)
    _, service = access_server_for(actor, unit, server_id)
    is_usable = actor.is_staff or (service is not None and service.status == ServiceStatus.ACTIVE)
    plan = [
        PlannedPortView(key=number, switch=one.switch, port=one.port, refusal=one.refusal)
        for number, one in enumerate(found.plan)
    ]
    now = found.block
    return BlockView(
        is_ready=True,
        server_id=server_id,
        is_blocked=now is not None,
        is_possible=found.is_possible,
        has_bmc=unit.get(Bmc, server_id) is not None,
        may_lift=found.may_lift and is_usable,
        may_block=is_usable,
        is_busy=_is_busy(unit, server_id),
        reason=now.reason if now else "",
        by=now.by_name if now else "",
        is_by_staff=now.is_by_staff if now else False,
        is_with_power=now.is_with_power if now else False,
        since=iso(now.blocked_at) if now else "",
        plan=plan,
    )


def _is_busy(unit: Unit, server_id: int) -> bool:
    from sqlmodel import col, select

    query = select(HardwareJob.id).where(
        col(HardwareJob.server_id) == server_id, col(HardwareJob.status).in_(ACTIVE_JOB)
    )
    return unit.exec(query).first() is not None


def read_details(unit: Unit, actor: Actor, server_id: int) -> DetailsView:
    row, entries = details.read(unit, actor, server_id)
    person = unit.get_one(Person, actor.person_id)
    return DetailsView(
        is_ready=True,
        server_id=server_id,
        description=row.description if row else "",
        updated_at=iso(row.updated_at) if row else "",
        updated_by=row.updated_by if row else "",
        has_second_factor=person.totp_enabled_at is not None,
        sign_ins=[
            SignInView(
                id=entry.id or 0,
                label=entry.label,
                username=entry.username,
                updated_at=iso(entry.updated_at),
                updated_by=entry.updated_by,
            )
            for entry in entries
        ],
    )


HEALTH = StateView(
    "server_health",
    HealthState,
    "health",
    read_health,
    lambda _, server_id: frozenset({topics.server(server_id), health.topic(server_id)}),
    empty=HealthView(),
)
BLOCK = StateView(
    "server_block",
    BlockState,
    "block",
    read_block,
    lambda _, server_id: frozenset({topics.server(server_id)}),
    empty=BlockView(),
)
DETAILS = StateView(
    "server_details",
    DetailsState,
    "details",
    read_details,
    lambda actor, server_id: frozenset({topics.server(server_id), f"person:{actor.person_id}"}),
    is_personal=True,
    empty=DetailsView(),
)
