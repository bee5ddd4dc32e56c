"""What is done about switches, cables and screens: buttons, and forms without secrets."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory import cables, screen_records, switch_checks, switch_records
from opsportal.domain.inventory.cables import Cable
from opsportal.domain.inventory.switch_checks import Check
from opsportal.models import Switch
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.record_views import (
    CableView,
    CheckView,
    ScreenRecordView,
    SwitchRecordView,
)
from opsportal.state.inventory.work import Words, take
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.views import iso
from opsportal.state.wire import Id, Search


class WiringState(rx.State):
    """Switches, the cables in their ports, and servers' screens."""

    answer: AnswerView = AnswerView()

    @allow(Permission.FLEET_MANAGE)
    async def ask(self, switch_id: Id) -> None:
        """Have a switch asked; its answer arrives by the live feed."""
        await in_unit(switch_checks.ask, current_actor(), switch_id)

    @allow(Permission.FLEET_MANAGE)
    async def take_out_of_service(self, switch_id: Id) -> None:
        await in_unit(switch_records.take_out_of_service, current_actor(), switch_id)

    @allow(Permission.FLEET_MANAGE)
    async def put_back_into_service(self, switch_id: Id) -> None:
        await in_unit(switch_records.put_back_into_service, current_actor(), switch_id)

    @allow(Permission.FLEET_MANAGE)
    async def connect(self, draft: Draft, port_id: Id, server: Search, nic: Words) -> None:
        """A server is on this port from now on; it is named as on its label."""
        await take(self, draft, _connect, current_actor(), port_id, server, nic)

    @allow(Permission.FLEET_MANAGE)
    async def plug_in(self, draft: Draft, server_id: Id, port: Search, nic: Words) -> None:
        """The same from the server's side: the port is named with its switch."""
        await take(self, draft, _plug_in, current_actor(), server_id, port, nic)

    @allow(Permission.FLEET_MANAGE)
    async def move(self, draft: Draft, port_id: Id, port: Search) -> None:
        """The cable of a port is on another one from now on."""
        await take(self, draft, _move, current_actor(), port_id, port)

    @allow(Permission.FLEET_MANAGE)
    async def unplug(self, port_id: Id) -> None:
        await in_unit(cables.unplug, current_actor(), port_id)

    @allow(Permission.FLEET_MANAGE)
    async def remove_screen(self, server_id: Id) -> None:
        """Forget where a server's screen is."""
        await in_unit(screen_records.remove, current_actor(), server_id)


def _connect(unit: Unit, actor: Actor, port_id: int, server: str, nic: str) -> None:
    found = cables.find_server(actor, unit, server)
    cables.connect(unit, actor, port_id, found.id or 0, nic=nic)


def _plug_in(unit: Unit, actor: Actor, server_id: int, port: str, nic: str) -> None:
    found = cables.find_port(actor, unit, port)
    cables.connect(unit, actor, found.id or 0, server_id, nic=nic)


def _move(unit: Unit, actor: Actor, port_id: int, port: str) -> None:
    found = cables.find_port(actor, unit, port)
    cables.move(unit, actor, port_id, found.id or 0)


def cable_view(one: Cable) -> CableView:
    return CableView(
        id=one.link.id or 0,
        port_id=one.port.id or 0,
        port=one.port.if_name,
        switch_id=one.switch.id or 0,
        switch=one.switch.name,
        server_id=one.server.id or 0,
        server=one.server.name,
        nic=one.link.nic,
        service=one.service,
        since=iso(one.link.valid_from),
        until=iso(one.link.valid_until),
    )


def switch_view(row: Switch) -> SwitchRecordView:
    return SwitchRecordView(
        id=row.id or 0,
        name=row.name,
        site=row.site,
        host=row.host,
        port=row.port,
        username=row.username or "",
        auth_protocol=row.auth_protocol or "",
        priv_protocol=row.priv_protocol or "",
        is_polled=row.is_polled,
    )


def check_view(found: Check) -> CheckView:
    return CheckView(found.status, iso(found.at), found.error_code, found.sys_name, found.ports, found.write)


def screen_view(unit: Unit, server_id: int) -> ScreenRecordView:
    """Of a server to which the caller has authorised access."""
    found = screen_records.find(unit, server_id)
    return ScreenRecordView(found.host, found.port, found.password != "") if found else ScreenRecordView()
