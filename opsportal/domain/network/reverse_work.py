"""What a worker writes down about reverse records. What it learns of an older wish than the present is dropped."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.lifecycle import REVERSE, move
from opsportal.domain.network import topics
from opsportal.domain.network.zones import zone_of
from opsportal.models import Address, Forward, ReverseRecord, ReverseStatus
from opsportal.models.base import utcnow
from opsportal.models.network import Ip

BACKOFF_S = (2, 5, 15, 60, 300)
"""After each failure that may pass; the last one again and again."""
GIVE_UP = dt.timedelta(days=1)
READ_BACK_S = (1, 2, 5, 15, 30)
VISIBLE_WITHIN = dt.timedelta(minutes=10)
LEASE = dt.timedelta(seconds=30)
"""Longer than any one conversation with the name server: then another worker may take the record up."""
FORWARD_SOON, FORWARD_LATER = dt.timedelta(minutes=5), dt.timedelta(days=1)
WAITING = (ReverseStatus.WANTED, ReverseStatus.WRITTEN)


@dataclass(frozen=True, slots=True)
class Claim:
    """A record that one worker has taken up, as it was wanted then."""

    record_id: int
    version: int
    ip: Ip
    name: str
    is_written: bool
    zone: str | None


def claim_due(unit: Unit) -> Claim | None:
    """Take up the record that has been due for longest; None when nothing is."""
    query = (
        select(ReverseRecord)
        .where(col(ReverseRecord.next_attempt_at) <= utcnow())
        .order_by(col(ReverseRecord.next_attempt_at), col(ReverseRecord.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    record = unit.exec(query).first()
    if record is None:
        return None
    assert record.id is not None
    record.next_attempt_at = utcnow() + LEASE
    record.attempts += 1
    unit.add(record)
    is_written = record.status == ReverseStatus.WRITTEN
    return Claim(record.id, record.version, record.ip, record.name, is_written, zone_of(record.ip))


def wrote(unit: Unit, claim: Claim) -> bool:
    """The name server has accepted it. False when something else is wanted by now."""
    record = _still_wanted(unit, claim)
    if record is None:
        return False
    if record.status == ReverseStatus.WANTED:
        move(unit, REVERSE, record, ReverseStatus.WRITTEN)
        record.written_at, record.attempts, record.error_code = utcnow(), 0, None
        unit.add(record)
        _announce(unit, record)
    return True


def seen(unit: Unit, claim: Claim, names: frozenset[str]) -> None:
    """What the name server says now. Exactly what is wanted ends the wait."""
    record = _still_wanted(unit, claim)
    if record is None or record.status != ReverseStatus.WRITTEN or record.written_at is None:
        return
    now = utcnow()
    if names == (frozenset({claim.name}) if claim.name else frozenset()):
        move(unit, REVERSE, record, ReverseStatus.VISIBLE if claim.name else ReverseStatus.GONE)
        record.visible_at, record.next_attempt_at, record.error_code = now, None, None
        record.forward_due_at = now if claim.name else None
    elif now - record.written_at > VISIBLE_WITHIN:
        _fail(unit, record, "dns_not_visible")
    else:
        record.next_attempt_at = now + _after(READ_BACK_S, record.attempts)
    unit.add(record)
    _announce(unit, record)


def put_off(unit: Unit, claim: Claim, code: str, *, is_final: bool) -> None:
    """It did not work. What may pass is tried again for a day; a plain no is the end until somebody acts."""
    record = _still_wanted(unit, claim)
    if record is None:
        return
    if is_final or utcnow() - record.wanted_at > GIVE_UP:
        _fail(unit, record, code)
    else:
        record.error_code = code
        record.next_attempt_at = utcnow() + _after(BACKOFF_S, record.attempts)
    unit.add(record)
    _announce(unit, record)


def put_off_others(unit: Unit, claim: Claim) -> None:
    """The name server is away: what else is due waits as long as the record that found it out."""
    record = unit.get_one(ReverseRecord, claim.record_id)
    if record.next_attempt_at is not None:
        others = update(ReverseRecord).where(
            col(ReverseRecord.next_attempt_at) <= utcnow(), col(ReverseRecord.id) != claim.record_id
        )
        unit.execute(others.values(next_attempt_at=record.next_attempt_at))


def _after(steps_s: tuple[int, ...], attempts: int) -> dt.timedelta:
    return dt.timedelta(seconds=steps_s[min(max(attempts, 1), len(steps_s)) - 1])


def _fail(unit: Unit, record: ReverseRecord, code: str) -> None:
    move(unit, REVERSE, record, ReverseStatus.FAILED, reason=code)
    record.error_code, record.next_attempt_at = code, None


def _still_wanted(unit: Unit, claim: Claim) -> ReverseRecord | None:
    record = unit.get_one(ReverseRecord, claim.record_id, with_for_update=True, populate_existing=True)
    return record if record.version == claim.version and record.status in WAITING else None


def _announce(unit: Unit, record: ReverseRecord) -> None:
    unit.changed(topics.server(unit.get_one(Address, record.address_id).server_id), topics.PREFIXES)


def claim_forward(unit: Unit) -> Claim | None:
    """A visible record whose name is to be looked up, taken up for a while; None when there is none."""
    query = (
        select(ReverseRecord)
        .where(
            col(ReverseRecord.forward_due_at) <= utcnow(), col(ReverseRecord.status) == ReverseStatus.VISIBLE
        )
        .order_by(col(ReverseRecord.forward_due_at), col(ReverseRecord.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    record = unit.exec(query).first()
    if record is None:
        return None
    assert record.id is not None
    record.forward_due_at = utcnow() + LEASE
    unit.add(record)
    return Claim(record.id, record.version, record.ip, record.name, is_written=True, zone=None)


def looked_up(unit: Unit, claim: Claim, found: frozenset[Ip] | None) -> None:
    """Where the name leads; None when nobody could say. What does not match is soon looked up again, for a day."""
    record = unit.get_one(ReverseRecord, claim.record_id, with_for_update=True, populate_existing=True)
    if record.version != claim.version or record.status != ReverseStatus.VISIBLE or record.visible_at is None:
        return
    record.forward = _forward(claim.ip, found)
    is_fresh = utcnow() - record.visible_at < GIVE_UP
    is_settled = record.forward == Forward.MATCHES or not is_fresh
    record.forward_due_at = utcnow() + (FORWARD_LATER if is_settled else FORWARD_SOON)
    unit.add(record)
    _announce(unit, record)


def _forward(ip: Ip, found: frozenset[Ip] | None) -> Forward:
    if found is None:
        return Forward.UNKNOWN
    if ip in found:
        return Forward.MATCHES
    return Forward.DIFFERS if found else Forward.MISSING
