"""What is done on the pages of the inventory: forms that keep what was typed, and buttons."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_thread, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware import identify
from opsportal.domain.inventory import bulk, cleanings, labels, parts, places, stock, work
from opsportal.domain.inventory.bulk import Action
from opsportal.domain.inventory.refusals import SelectionTooLarge
from opsportal.domain.refusals import Forbidden, NotFound, Refusal, SignInRequired
from opsportal.models import EvidenceResult, PartKind, PartStatus
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.views import BulkView, PlanView
from opsportal.state.support.sending import FAULT, Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.wire import Id, Search

Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]
RackUnit = Annotated[int, Field(ge=0, le=100)]
Kind = Literal["power_on", "power_off", "reboot", "inspect", "identify"]
PartKindName = Literal["chassis", "board", "cpu", "dimm", "disk", "nic", "psu", "controller", "other"]
Chosen = Annotated[list[Id], Field(max_length=500)]


async def take(state: Any, draft: str, work: Callable[..., object], /, *args: Any, **kwargs: Any) -> None:
    """Do `work` in a unit and say at the form what came of it. The same draft sent again is not done again."""
    if state.answer.draft == draft and not state.answer.code:
        state.answer = dataclasses.replace(state.answer, id=secrets.token_hex(4))
        return
    answer = AnswerView(id=secrets.token_hex(4), draft=draft)
    try:
        await in_unit(work, *args, **kwargs)
    except SignInRequired:
        raise
    except Refusal as refusal:
        told = {"code": refusal.code, "msgid": refusal.msgid, "params": dict(refusal.params)}
        state.answer = dataclasses.replace(answer, **told)
        if isinstance(refusal, Forbidden | NotFound):
            raise
    except Exception:
        state.answer = dataclasses.replace(answer, code="fault", msgid=FAULT)
        raise
    else:
        state.answer = answer


class PlacesWorkState(rx.State):
    """Sites, racks, positions and parts."""

    answer: AnswerView = AnswerView()

    @allow(Permission.FLEET_MANAGE)
    async def add_site(self, draft: Draft, name: Words, address: Words) -> None:
        await take(self, draft, places.add_site, current_actor(), name=name, address=address)

    @allow(Permission.FLEET_MANAGE)
    async def add_rack(self, draft: Draft, site_id: Id, name: Words, height_u: RackUnit) -> None:
        await take(self, draft, places.add_rack, current_actor(), site_id, name=name, height_u=height_u)

    @allow(Permission.FLEET_MANAGE)
    async def place(
        self, draft: Draft, rack_id: Id, server_id: Id, bottom_u: RackUnit, units: RackUnit
    ) -> None:
        """Put a server on these units of a rack."""
        place = {"rack_id": rack_id, "bottom_u": bottom_u, "units": units}
        await take(self, draft, places.place_server, current_actor(), server_id, **place)

    @allow(Permission.FLEET_MANAGE)
    async def fill(
        self, draft: Draft, rack_id: Id, label: Words, bottom_u: RackUnit, units: RackUnit
    ) -> None:
        """Put something that is no server on these units."""
        place = {"label": label, "bottom_u": bottom_u, "units": units}
        await take(self, draft, places.place_thing, current_actor(), rack_id, **place)

    @allow(Permission.FLEET_MANAGE)
    async def change_site(self, draft: Draft, site_id: Id, name: Words, address: Words) -> None:
        await take(self, draft, places.change_site, current_actor(), site_id, name=name, address=address)

    @allow(Permission.FLEET_MANAGE)
    async def change_rack(self, draft: Draft, rack_id: Id, name: Words, height_u: RackUnit) -> None:
        await take(self, draft, places.change_rack, current_actor(), rack_id, name=name, height_u=height_u)

    @allow(Permission.FLEET_MANAGE)
    async def place_switch(
        self, draft: Draft, rack_id: Id, switch_id: Id, bottom_u: RackUnit, units: RackUnit
    ) -> None:
        """Put a switch on these units."""
        place = {"switch_id": switch_id, "bottom_u": bottom_u, "units": units}
        await take(self, draft, places.place_thing, current_actor(), rack_id, **place)

    @allow(Permission.FLEET_MANAGE)
    async def clear(self, position_id: Id) -> None:
        """Take something out of its rack."""
        await in_unit(places.clear_position, current_actor(), position_id)

    @allow(Permission.FLEET_MANAGE)
    async def add_part(
        self, draft: Draft, kind: PartKindName, serial: Words, model: Words, note: Words
    ) -> None:
        """Write down a spare part."""
        new = {"kind": PartKind(kind), "serial": serial, "model": model, "note": note}
        await take(self, draft, parts.add_spare, current_actor(), **new)

    @allow(Permission.FLEET_MANAGE)
    async def change_part(self, draft: Draft, part_id: Id, serial: Words, model: Words, note: Words) -> None:
        """Correct what is written about a part."""
        new = {"serial": serial, "model": model, "note": note}
        await take(self, draft, parts.change, current_actor(), part_id, **new)

    @allow(Permission.FLEET_MANAGE)
    async def install(self, draft: Draft, part_id: Id, server: Search, slot: Words) -> None:
        """A spare part is in this server now; the server is named as on its label."""
        await take(self, draft, _install, current_actor(), part_id, server, slot)

    @allow(Permission.FLEET_MANAGE)
    async def take_out(
        self, draft: Draft, part_id: Id, status: Literal["spare", "broken", "retired"], note: Words
    ) -> None:
        """A part is no longer in its server."""
        await take(
            self, draft, parts.take_out, current_actor(), part_id, status=PartStatus(status), note=note
        )

    @allow(Permission.FLEET_MANAGE)
    async def accept(self, inspection_id: Id) -> None:
        """The record follows what the machine has said."""
        await in_unit(parts.accept, current_actor(), inspection_id)


def _install(unit: Unit, actor: Actor, part_id: int, server: str, slot: str) -> None:
    found = labels.find_by_label(actor, unit, server)
    parts.install(unit, actor, part_id, server_id=found.id or 0, slot=slot)


class StockWorkState(rx.State):
    """A machine's steps through stock, and the evidence of its cleaning."""

    answer: AnswerView = AnswerView()

    @allow(Permission.STOCK_MANAGE)
    async def let(self, draft: Draft, server_id: Id, service_id: Id) -> None:
        """Take the server out of stock for a service."""
        await take(self, draft, stock.let_server, current_actor(), server_id, service_id=service_id)

    @allow(Permission.STOCK_MANAGE)
    async def take_back(self, draft: Draft, server_id: Id, reason: Words) -> None:
        await take(self, draft, stock.take_back, current_actor(), server_id, reason=reason)

    @allow(Permission.STOCK_MANAGE)
    async def mark_faulty(self, draft: Draft, server_id: Id, reason: Words) -> None:
        await take(self, draft, stock.mark_faulty, current_actor(), server_id, reason=reason)

    @allow(Permission.STOCK_MANAGE)
    async def take_over(self, draft: Draft, server_id: Id, reason: Words) -> None:
        await take(self, draft, stock.take_over, current_actor(), server_id, reason=reason)

    @allow(Permission.STOCK_MANAGE)
    async def quarantine(self, draft: Draft, server_id: Id, reason: Words) -> None:
        await take(self, draft, stock.quarantine, current_actor(), server_id, reason=reason)

    @allow(Permission.STOCK_MANAGE)
    async def start_cleaning(self, server_id: Id) -> None:
        await in_unit(cleanings.start_cleaning, current_actor(), server_id)

    @allow(Permission.STOCK_MANAGE)
    async def confirm(
        self, draft: Draft, step_id: Id, result: Literal["good", "bad"], method: Words, note: Words
    ) -> None:
        """A person says what they did or found, with name and note."""
        said = {"result": EvidenceResult(result), "method": method, "note": note}
        await take(self, draft, cleanings.confirm, current_actor(), step_id, **said)

    @allow(Permission.STOCK_MANAGE)
    async def release(self, server_id: Id) -> None:
        """Put a verified machine on sale."""
        await in_unit(stock.release, current_actor(), server_id)

    @allow(Permission.STOCK_MANAGE)
    async def clean(self, server_id: Id) -> None:
        await in_unit(work.clean, current_actor(), server_id)

    @allow(Permission.STOCK_MANAGE)
    async def burn_in(self, server_id: Id) -> None:
        await in_unit(work.burn_in, current_actor(), server_id)

    @allow(Permission.FLEET_MANAGE)
    async def inspect(self, server_id: Id) -> None:
        await in_unit(work.inspect, current_actor(), server_id)

    @allow(Permission.FLEET_MANAGE)
    async def rotate(self, server_id: Id) -> None:
        """Give the machine's BMC a new password."""
        await in_unit(work.rotate_credentials, current_actor(), server_id)

    @allow(Permission.SERVER_IDENTIFY)
    async def identify(self, server_id: Id) -> None:
        """Let the identify light blink."""
        await in_unit(identify.ask, current_actor(), server_id)


class BulkState(rx.State):
    """One action for many servers."""

    bulk: BulkView = BulkView()

    @allow(Permission.FLEET_VIEW)
    async def dry_run(self, draft: Draft, kind: Kind, server_ids: Chosen) -> None:
        """Say what would happen to each; nothing is done."""
        chosen = {"kind": Action(kind), "server_ids": server_ids}
        try:
            plans = await in_unit(_dry_run, current_actor(), **chosen)
        except SelectionTooLarge as refusal:  # said in the dialog that is open
            self.bulk = BulkView(draft, kind, msgid=refusal.msgid, params=dict(refusal.params))
            return
        self.bulk = BulkView(draft, kind, plans=plans, happens=sum(plan.happens for plan in plans))

    @allow(Permission.FLEET_VIEW)
    async def carry_out(self, draft: Draft, kind: Kind, server_ids: Chosen) -> None:
        """Ask for a job on each. The same question is carried out once."""
        if self.bulk.asked == draft and self.bulk.is_done:
            return
        actor, chosen = current_actor(), {"kind": Action(kind), "server_ids": server_ids}
        before = {plan.server_id: plan for plan in await in_unit(_dry_run, actor, **chosen)}
        done = await in_thread(_carry_out, actor, **chosen)
        plans = [
            dataclasses.replace(
                before[one.server_id], happens=one.is_asked, code=one.code or before[one.server_id].code,
                job_id=one.job_id,
            )
            for one in done
        ]  # fmt: skip
        self.bulk = BulkView(draft, kind, True, plans, sum(plan.happens for plan in plans))


def _dry_run(unit: Unit, actor: Actor, *, kind: Action, server_ids: list[int]) -> list[PlanView]:
    found = bulk.dry_run(actor, unit, kind=kind, server_ids=server_ids)
    return [PlanView(p.server_id, p.server, p.happens, p.code, p.company, p.holder) for p in found]


def _carry_out(actor: Actor, *, kind: Action, server_ids: list[int]) -> list[bulk.Done]:
    return bulk.carry_out(actor, kind=kind, server_ids=server_ids)
