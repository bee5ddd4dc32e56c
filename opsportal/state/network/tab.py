"""The Network tab of a server: its addresses, how it is connected, and its reverse DNS, edited in place."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import Field
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.network import addresses, reverse, topics
from opsportal.domain.network.addresses import Interface
from opsportal.domain.network.names import readable
from opsportal.domain.traffic import topics as traffic
from opsportal.models import PortLink, ReverseRecord, Server, Service, ServiceStatus, Switch, SwitchPort
from opsportal.settings import settings
from opsportal.state.guard import allow, current_actor
from opsportal.state.inventory.work import take
from opsportal.state.network.views import AddressView, NetworkView, PlugView, ReverseView
from opsportal.state.showing import StateView
from opsportal.state.support.sending import Draft
from opsportal.state.support.views import AnswerView
from opsportal.state.views import ProblemView, iso
from opsportal.state.wire import Id

Name = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]
Ip = Annotated[str, Field(max_length=60, pattern=r"^[^\x00]*$")]


class NetworkState(rx.State):
    """The Network tab that is open here."""

    network: NetworkView = NetworkView()
    answer: AnswerView = AnswerView()
    problem: ProblemView = ProblemView()

    @allow(Permission.NETWORK_EDIT)
    async def set_reverse(self, draft: Draft, address_id: Id, ip: Ip, name: Name) -> None:
        """Ask for the name of an address; how far it has come arrives by the live feed."""
        await take(self, draft, reverse.set_reverse, current_actor(), address_id, name, ip=ip)


def read_network(unit: Unit, actor: Actor, server_id: int) -> NetworkView:
    server, service = access_server_for(actor, unit, server_id)
    found = addresses.addresses_of(actor, unit, server_id)
    records = reverse.list_records(unit, [one.address.id or 0 for one in found])
    return NetworkView(
        is_ready=True,
        server_id=server_id,
        mac=server.mac,
        ip=server.ip or "",
        plugs=_plugs(unit, server),
        addresses=[_address(one, records) for one in found],
        can_edit=_can_edit(actor, service),
        ttl_s=settings().dns_ttl,
    )


def _can_edit(actor: Actor, service: Service | None) -> bool:
    is_usable = actor.is_staff or (service is not None and service.status == ServiceStatus.ACTIVE)
    return is_usable and actor.may(Permission.NETWORK_EDIT)


def _plugs(unit: Unit, server: Server) -> list[PlugView]:
    query = (
        select(SwitchPort, Switch, PortLink.nic)
        .join(PortLink, col(PortLink.port_id) == col(SwitchPort.id))
        .join(Switch, col(Switch.id) == col(SwitchPort.switch_id))
        .where(col(PortLink.server_id) == server.id, col(PortLink.valid_until).is_(None))
        .order_by(col(Switch.name), col(SwitchPort.if_name))
    )
    links = {True: "up", False: "down", None: "unknown"}
    return [
        PlugView(
            switch.name,
            port.if_name,
            port.speed_mbps,
            links[port.is_up] if port.if_index else "missing",
            port.in_errors,
            port.out_errors,
            iso(port.errors_at),
            nic,
        )
        for port, switch, nic in unit.exec(query)
    ]


def _address(one: Interface, records: list[ReverseRecord]) -> AddressView:
    mine = [_reverse(record) for record in records if record.address_id == one.address.id]
    is_v6 = one.ip.version == 6
    return AddressView(
        id=one.address.id or 0,
        family=one.ip.version,
        network=str(one.address.network) if is_v6 else "",
        ip=str(one.ip),
        prefix_length=one.prefix_length,
        mask=one.mask,
        gateway=str(one.gateway),
        is_main=one.address.is_main,
        since=iso(one.address.valid_from),
        reverse=ReverseView(ip=str(one.ip)) if is_v6 or not mine else mine[0],
        records=mine if is_v6 else [],
    )


def _reverse(record: ReverseRecord) -> ReverseView:
    name = readable(record.name)
    return ReverseView(
        id=record.id or 0,
        ip=str(record.ip),
        name=name,
        ascii=record.name if name != record.name else "",
        status=record.status,
        error_code=record.error_code or "",
        forward=record.forward,
        wanted_at=iso(record.wanted_at),
    )


NETWORK = StateView(
    "network",
    NetworkState,
    "network",
    read_network,
    lambda _, server_id: frozenset({topics.server(server_id), f"server:{server_id}", traffic.POLLERS}),
    empty=NetworkView(),
)
