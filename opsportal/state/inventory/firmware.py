"""Firmware that machines of a model are to have."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import firmware
from opsportal.domain.inventory.topics import STOCK
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.machine import facts_of
from opsportal.state.inventory.views import DeviationView, FirmwareRowView, FirmwareView, ModelView
from opsportal.state.inventory.work import take
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Id

Name = Annotated[str, Field(max_length=firmware.LONGEST, pattern=r"^[^\x00]*$")]


class FirmwareState(rx.State):
    """The approved versions, and the forms that change them."""

    firmware: FirmwareView = FirmwareView()
    problem: ProblemView = ProblemView()
    answer: AnswerView = AnswerView()

    @allow(Permission.FLEET_VIEW)
    async def open(self) -> Any:
        return await show(self, *SHELL, (FIRMWARE, None))

    @allow(Permission.STOCK_MANAGE)
    async def approve(self, draft: Draft, model: Name, component: Name, version: Name) -> None:
        """Approve a version, or another one in its place."""
        new = {"model": model, "component": component, "version": version}
        await take(self, draft, firmware.approve, current_actor(), **new)

    @allow(Permission.STOCK_MANAGE)
    async def withdraw(self, firmware_id: Id) -> None:
        """It is not approved any more."""
        await in_unit(firmware.withdraw, current_actor(), firmware_id)


def read_firmware(unit: Unit, actor: Actor, _: Any) -> FirmwareView:
    rows = firmware.list_approved(actor, unit)
    return FirmwareView(
        is_ready=True,
        rows=[
            FirmwareRowView(
                row.id or 0, row.model, row.component, row.version, row.approved_by, iso(row.approved_at)
            )
            for row in rows
        ],
        deviations=[
            DeviationView(one.server.id or 0, one.server.name, one.server.model, facts_of(one.facts))
            for one in firmware.list_deviating(actor, unit)
        ],
        models=[ModelView(name, name) for name in firmware.list_models(actor, unit)],
    )


FIRMWARE = StateView(
    "firmware",
    FirmwareState,
    "firmware",
    read_firmware,
    lambda *_: frozenset({STOCK}),
    empty=FirmwareView(),
)
