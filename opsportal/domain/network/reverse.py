"""Reverse DNS as people want it. Writing it to the name server is a worker's (reverse_work.py)."""

from __future__ import annotations

import datetime as dt
import ipaddress

from sqlalchemy import func, text
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_address_for
from opsportal.domain.audit import trail
from opsportal.domain.lifecycle import REVERSE, move
from opsportal.domain.network import topics
from opsportal.domain.network.names import host_name
from opsportal.domain.network.refusals import (
    AddressUnreadable,
    IpOutsideNetwork,
    NoReverseZone,
    ReverseWhileInactive,
    TooManyReverseChanges,
    TooManyReverseRecords,
)
from opsportal.domain.network.zones import zone_of
from opsportal.domain.refusals import NotFound
from opsportal.models import (
    Address,
    AuditEvent,
    Forward,
    ReverseRecord,
    ReverseStatus,
    Server,
    Service,
    ServiceStatus,
)
from opsportal.models.base import utcnow
from opsportal.models.network import Ip

QUEUE = "default"
TASK = "reverse_record"
CHANGES = 20
WITHIN = dt.timedelta(minutes=10)
PER_NETWORK = 256
"""Records that one IPv6 network may have."""
_TAG = "address:reverse_set"


def set_reverse(
    unit: Unit, actor: Actor, address_id: int, name: str, *, ip: str = ""
) -> ReverseRecord | None:
    """Ask for the name of an address that the actor's server has; empty removes it. A worker does the rest.

    `ip` names an address of an IPv6 network; IPv4 addresses need none. Asking again for what has failed lets it
    be tried again. Returns None where there was nothing and nothing is wanted. Raises the refusals of `names`,
    `IpOutsideNetwork`, `NoReverseZone`, `ReverseWhileInactive` or `TooManyReverseChanges`.
    """
    address = access_address_for(actor, unit, address_id, permission=Permission.NETWORK_EDIT)
    service = unit.get(Service, address.service_id) if address.service_id else None
    if not actor.is_staff and (service is None or service.status != ServiceStatus.ACTIVE):
        raise ReverseWhileInactive
    host = _host(address, ip)
    wanted = host_name(name)
    if wanted and zone_of(host) is None:
        raise NoReverseZone
    if not actor.is_staff and service is not None:
        _count_change(unit, service.company_id)
    address = unit.get_one(Address, address_id, with_for_update=True, populate_existing=True)
    if address.released_at is not None:
        raise NotFound  # taken back in the same moment
    record = _record(unit, address, host, wanted)
    if record is not None:
        server = unit.get_one(Server, address.server_id)
        trail.record(
            unit, _TAG, actor=actor, object_kind="server", object_id=server.id, object_name=server.name,
            company_id=service.company_id if service else None, ip_address=str(host), reverse=wanted,
        )  # fmt: skip
    return record


def _host(address: Address, typed: str) -> Ip:
    if not typed.strip():
        if address.network.version == 4:
            return address.network.network_address
        raise AddressUnreadable
    try:
        host = ipaddress.ip_address(typed.strip())
    except ValueError:
        raise AddressUnreadable from None
    if getattr(host, "scope_id", None) or host not in address.network:
        raise IpOutsideNetwork(network=str(address.network))
    return host


def _count_change(unit: Unit, company_id: int) -> None:
    """Refuse a company that changes too much at a time. Its changes are counted one after another."""
    unit.execute(text("SELECT pg_advisory_xact_lock(4207311, :company)"), {"company": company_id})
    recent = select(func.count()).where(
        col(AuditEvent.tag) == _TAG,
        col(AuditEvent.company_id) == company_id,
        col(AuditEvent.at) > utcnow() - WITHIN,
    )
    if unit.exec(recent).one() >= CHANGES:
        raise TooManyReverseChanges(limit=CHANGES)


def _record(unit: Unit, address: Address, host: Ip, wanted: str) -> ReverseRecord | None:
    """The record of an address with what is wanted of it now, made if there is none and something is wanted."""
    query = select(ReverseRecord).where(
        col(ReverseRecord.ip) == host, col(ReverseRecord.status) != ReverseStatus.GONE
    )
    record = unit.exec(query.with_for_update().execution_options(populate_existing=True)).first()
    if record is None:
        if not wanted:
            return None
        _refuse_too_many(unit, address)
        assert address.id is not None
        record = ReverseRecord(ip=host, address_id=address.id, name=wanted, next_attempt_at=utcnow())
        unit.add(record)
        unit.flush()
        _hand_over(unit, record, address)
        return record
    assert address.id is not None
    is_same = (record.name, record.address_id) == (wanted, address.id)
    record.address_id = address.id
    if not is_same or record.status == ReverseStatus.FAILED:
        want(unit, record, wanted)
        _hand_over(unit, record, address)
    return record


def _refuse_too_many(unit: Unit, address: Address) -> None:
    query = select(func.count()).where(
        col(ReverseRecord.address_id) == address.id, col(ReverseRecord.status) != ReverseStatus.GONE
    )
    if unit.exec(query).one() >= PER_NETWORK:
        raise TooManyReverseRecords(limit=PER_NETWORK)


def want(unit: Unit, record: ReverseRecord, name: str) -> None:
    """Begin anew with another name, or the same one. The caller holds the record's row."""
    if record.status != ReverseStatus.WANTED:
        move(unit, REVERSE, record, ReverseStatus.WANTED)
    record.name = name
    record.version += 1
    record.attempts, record.error_code = 0, None
    record.wanted_at = record.next_attempt_at = utcnow()
    record.written_at = record.visible_at = record.forward_due_at = None
    record.forward = Forward.UNKNOWN
    unit.add(record)


def _hand_over(unit: Unit, record: ReverseRecord, address: Address) -> None:
    assert record.id is not None
    unit.enqueue(QUEUE, TASK, record.id)
    unit.changed(topics.server(address.server_id), topics.PREFIXES)


def forget(unit: Unit, address: Address) -> None:
    """Ask for the removal of every name of an address, as when it is taken back. The caller holds its row."""
    query = select(ReverseRecord).where(
        col(ReverseRecord.address_id) == address.id, col(ReverseRecord.status) != ReverseStatus.GONE
    )
    for record in unit.exec(query.with_for_update().execution_options(populate_existing=True)):
        if record.name:
            want(unit, record, "")
            _hand_over(unit, record, address)


def left_of_server(unit: Unit, server_id: int) -> list[ReverseRecord]:
    """Records of addresses that a server gave back which the name server may still have. No actor: for jobs."""
    query = (
        select(ReverseRecord)
        .join(Address, col(Address.id) == col(ReverseRecord.address_id))
        .where(
            col(Address.server_id) == server_id,
            col(Address.released_at).is_not(None),
            col(ReverseRecord.status) != ReverseStatus.GONE,
        )
    )
    return list(unit.exec(query.order_by(col(ReverseRecord.id))))


def list_records(unit: Unit, address_ids: list[int]) -> list[ReverseRecord]:
    """The records of addresses, by IP. The caller has already authorised access to the addresses."""
    query = select(ReverseRecord).where(
        col(ReverseRecord.address_id).in_(address_ids), col(ReverseRecord.status) != ReverseStatus.GONE
    )
    return list(unit.exec(query.order_by(col(ReverseRecord.ip))))


def list_failed(actor: Actor, unit: Unit, *, limit: int = 100) -> list[tuple[ReverseRecord, Server]]:
    """Records that the name server has not, oldest first."""
    actor.require(Permission.NETWORK_MANAGE)
    query = (
        select(ReverseRecord, Server)
        .join(Address, col(Address.id) == col(ReverseRecord.address_id))
        .join(Server, col(Server.id) == col(Address.server_id))
        .where(col(ReverseRecord.status) == ReverseStatus.FAILED)
        .order_by(col(ReverseRecord.id))
    )
    return [(record, server) for record, server in unit.exec(query.limit(limit))]


def retry(unit: Unit, actor: Actor, record_id: int) -> None:
    """Let a failed record be tried again, also the removal of one whose address was taken back."""
    actor.require(Permission.NETWORK_MANAGE)
    record = unit.get(ReverseRecord, record_id, with_for_update=True, populate_existing=True)
    if record is None:
        raise NotFound
    if record.status == ReverseStatus.FAILED:
        want(unit, record, record.name)
        _hand_over(unit, record, unit.get_one(Address, record.address_id))
        trail.record(
            unit, "address:reverse_retried", actor=actor, object_kind="reverse", object_id=record_id,
            object_name=str(record.ip),
        )  # fmt: skip
