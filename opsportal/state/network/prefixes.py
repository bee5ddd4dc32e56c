"""Prefixes with what is used of each, for those who run the data centre."""

from __future__ import annotations

from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.network import addresses, prefixes, reverse, topics
from opsportal.domain.network.names import readable
from opsportal.domain.network.prefixes import PrefixUse
from opsportal.domain.network.zones import zone_of
from opsportal.models import Address, ReverseRecord, Server
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.work import take
from opsportal.state.network.views import FailedReverseView, PrefixesView, PrefixView, UseView
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Address as PageAddress
from opsportal.state.wire import Id, address

Words = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]
Hours = Annotated[int, Field(ge=0, le=8_760)]


class PrefixesAddress(PageAddress):
    """/network?prefix="""

    prefix: Annotated[int, Field(ge=0, lt=2**63)] = 0


class PrefixesState(rx.State):
    """The page of prefixes."""

    prefixes: PrefixesView = PrefixesView()
    answer: AnswerView = AnswerView()
    problem: ProblemView = ProblemView()

    @allow(Permission.NETWORK_MANAGE)
    async def open(self) -> Any:
        return await show(self, *SHELL, (PREFIXES, address(self, PrefixesAddress).prefix))

    @allow(Permission.NETWORK_MANAGE)
    async def add_prefix(self, draft: Draft, cidr: Words, gateway: Words, site: Words, hours: Hours) -> None:
        """Put a prefix on record."""
        wanted = {"cidr": cidr, "gateway": gateway, "site": site, "quarantine_hours": hours}
        await take(self, draft, prefixes.add_prefix, current_actor(), **wanted)

    @allow(Permission.NETWORK_MANAGE)
    async def change_prefix(
        self, draft: Draft, prefix_id: Id, gateway: Words, site: Words, hours: Hours
    ) -> None:
        """Correct what is on record about a prefix."""
        wanted = {"gateway": gateway, "site": site, "quarantine_hours": hours}
        await take(self, draft, prefixes.change_prefix, current_actor(), prefix_id, **wanted)

    @allow(Permission.NETWORK_MANAGE)
    async def remove_prefix(self, prefix_id: Id) -> None:
        """Take an unused prefix off the record."""
        await in_unit(prefixes.remove_prefix, current_actor(), prefix_id)

    @allow(Permission.NETWORK_MANAGE)
    async def assign(self, draft: Draft, prefix_id: Id, server: Words, ip: Words) -> None:
        """Give a server an address: the one typed, or the next free one."""
        await take(self, draft, _assign, current_actor(), prefix_id, server, ip)

    @allow(Permission.NETWORK_MANAGE)
    async def release(self, address_id: Id) -> None:
        """Take an address back."""
        await in_unit(addresses.release, current_actor(), address_id)

    @allow(Permission.NETWORK_MANAGE)
    async def retry(self, record_id: Id) -> None:
        """Let a reverse record that failed be tried again."""
        await in_unit(reverse.retry, current_actor(), record_id)


def _assign(unit: Unit, actor: Actor, prefix_id: int, server: str, ip: str) -> Address:
    prefixes.get_prefix(unit, actor, prefix_id)
    server_id = addresses.find_server(unit, actor, server)
    return addresses.assign(unit, actor, server_id, prefix_id=prefix_id, ip=ip)


def read_prefixes(unit: Unit, actor: Actor, open_id: int) -> PrefixesView:
    rows = [_prefix(one) for one in prefixes.list_prefixes(actor, unit)]
    opened = next((row for row in rows if row.id == open_id), PrefixView())
    uses = addresses.list_uses(actor, unit, open_id) if open_id else []
    return PrefixesView(
        is_ready=True,
        rows=rows,
        open_id=open_id,
        open_cidr=opened.cidr,
        uses=[_use(*one) for one in uses],
        is_cut=len(uses) == addresses.MOST_USES < opened.assigned + opened.resting,
        failed=[_failed(*one) for one in reverse.list_failed(actor, unit)],
    )


def _prefix(one: PrefixUse) -> PrefixView:
    prefix = one.prefix
    return PrefixView(
        id=prefix.id or 0,
        cidr=str(prefix.cidr),
        family=prefix.cidr.version,
        gateway=str(prefix.gateway),
        site=prefix.site,
        free=one.free,
        assigned=one.assigned,
        resting=one.resting,
        total=one.total,
        used_bp=10_000 * (one.assigned + one.resting) // max(1, one.total),
        quarantine_hours=prefix.quarantine_hours,
        next_free_at=iso(one.next_free_at),
        zone=zone_of(prefix.cidr.network_address) or "",
    )


def _use(use: Address, server: Server) -> UseView:
    return UseView(
        id=use.id or 0,
        address=addresses.written(use.network),
        server_id=server.id or 0,
        server=server.name,
        since=iso(use.released_at or use.valid_from),
        status="assigned" if use.released_at is None else "resting",
        held_until=iso(use.held_until),
    )


def _failed(record: ReverseRecord, server: Server) -> FailedReverseView:
    return FailedReverseView(
        id=record.id or 0,
        ip=str(record.ip),
        name=readable(record.name),
        server_id=server.id or 0,
        server=server.name,
        error_code=record.error_code or "",
        wanted_at=iso(record.wanted_at),
    )


PREFIXES = StateView(
    "prefixes",
    PrefixesState,
    "prefixes",
    read_prefixes,
    lambda *_: frozenset({topics.PREFIXES}),
    empty=PrefixesView(),
)
