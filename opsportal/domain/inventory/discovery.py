"""Searching a management network for BMCs that are not on record: one search at a time, asked for by a person."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory.refusals import (
    PortsUnusable,
    RangeTooLarge,
    RangeUnusable,
    SweepUnderWay,
)
from opsportal.models import Bmc, BmcSighting, BmcSweep
from opsportal.models.base import utcnow
from opsportal.settings import settings

QUEUE, TASK = "hardware", "bmc_sweep"
TOPIC = "arrivals"
MAX_DOORS = 1_024
MAX_PORTS = 64
LOST_AFTER = dt.timedelta(minutes=10)
"""A worker tells of itself every few seconds: one that was silent for so long is gone."""
HISTORY = 10
MAX_LETTERS = 100
"""Longer than any two addresses; what is kept is what was checked."""
_PORTS = re.compile(r"(\d{1,5})(?:\s*[-–]\s*(\d{1,5}))?")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """One address and port to ask at."""

    kind: Literal["ipmi", "redfish"]
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found at a place."""

    place: Place
    facts: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""


def addresses_of(text: str) -> list[Address]:
    """The addresses of "10.0.0.0/24", "10.0.0.5" or "10.0.0.5-10.0.0.9", all of them inside BMC_NETWORKS.

    Raises `RangeUnusable`, or `RangeTooLarge` before there is a list of them.
    """
    first, last = _bounds(text)
    if int(last) - int(first) >= MAX_DOORS:
        raise RangeTooLarge(limit=MAX_DOORS)
    found = [type(first)(number) for number in range(int(first), int(last) + 1)]
    networks = settings().bmc_networks
    if not found or not all(any(one in network for network in networks) for one in found):
        raise RangeUnusable
    return found


def _bounds(text: str) -> tuple[Address, Address]:
    if "%" in text:  # a scope: no network says whether it is inside
        raise RangeUnusable
    begin, dash, end = (part.strip() for part in text.replace("–", "-").partition("-"))
    try:
        if not dash and "/" in begin:
            network = ipaddress.ip_network(begin, strict=False)
            edge = 1 if network.version == 4 and network.prefixlen < 31 else 0  # no machine has those two
            return network[edge], network[-1 - edge]
        first, last = ipaddress.ip_address(begin), ipaddress.ip_address(end if dash else begin)
    except ValueError:
        raise RangeUnusable from None
    if first.version != last.version:
        raise RangeUnusable
    return first, last


def ports_of(text: str) -> list[int]:
    """The ports of "623" or "623, 6230-6239". Raises `PortsUnusable`."""
    found: list[int] = []
    for part in text.split(",") if text.strip() else []:
        match = _PORTS.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last < 65_536 or last - first >= MAX_PORTS:
            raise PortsUnusable(limit=MAX_PORTS)
        found += range(first, last + 1)
    if len(found) > MAX_PORTS:
        raise PortsUnusable(limit=MAX_PORTS)
    return list(dict.fromkeys(found))


def text_of(ports: Sequence[int]) -> str:
    """The ports as `ports_of` reads them: "623, 6230-6239"."""
    runs: list[list[int]] = []
    for port in sorted(ports):
        if runs and port == runs[-1][-1] + 1:
            runs[-1].append(port)
        else:
            runs.append([port])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def ask(unit: Unit, actor: Actor, *, where: str, ipmi_ports: str, redfish_ports: str) -> BmcSweep:
    """Have a worker search. Refuses while another search is under way, and whatever lies outside BMC_NETWORKS."""
    actor.require(Permission.FLEET_MANAGE)
    if len(where := where.strip()) > MAX_LETTERS:
        raise RangeUnusable
    addresses = addresses_of(where)
    ipmi, redfish = ports_of(ipmi_ports), ports_of(redfish_ports)
    doors = len(addresses) * (len(ipmi) + len(redfish))
    if not doors:
        raise PortsUnusable(limit=MAX_PORTS)
    if doors > MAX_DOORS:
        raise RangeTooLarge(limit=MAX_DOORS)
    _close_lost(unit)
    sweep = BmcSweep(
        asked_for=where, ipmi_ports=ipmi, redfish_ports=redfish, doors=doors,
        actor_id=actor.person_id, actor_name=actor.name,
    )  # fmt: skip
    try:
        with unit.begin_nested():
            unit.add(sweep)
    except IntegrityError:
        raise SweepUnderWay from None
    assert sweep.id is not None
    unit.enqueue(QUEUE, TASK, sweep.id)
    trail.record(
        unit, "bmc:search_requested", actor=actor, object_kind="bmc_sweep", object_id=sweep.id,
        object_name=sweep.asked_for, doors=doors,
    )  # fmt: skip
    unit.changed(TOPIC)
    return sweep


def is_lost(sweep: BmcSweep) -> bool:
    """Whether its worker is gone, or none ever came."""
    return sweep.finished_at is None and (sweep.seen_at or sweep.asked_at) < utcnow() - LOST_AFTER


def _close_lost(unit: Unit) -> None:
    query = select(BmcSweep).where(col(BmcSweep.finished_at).is_(None)).with_for_update()
    for sweep in unit.exec(query):
        if is_lost(sweep):
            sweep.finished_at, sweep.error_code = utcnow(), "worker_lost"
    unit.flush()


def begin(unit: Unit, sweep_id: int) -> list[Place]:
    """The places to ask at; none when the search has begun already, is over, or its range is no longer permitted."""
    sweep = unit.get(BmcSweep, sweep_id, with_for_update=True, populate_existing=True)
    if sweep is None or sweep.finished_at is not None or sweep.seen_at is not None:
        return []
    try:
        addresses = addresses_of(sweep.asked_for)
    except (RangeUnusable, RangeTooLarge):
        sweep.finished_at, sweep.error_code = utcnow(), "outside_networks"
        unit.changed(TOPIC)
        return []
    sweep.seen_at = utcnow()
    unit.changed(TOPIC)
    return list(_places(sweep, addresses))


def _places(sweep: BmcSweep, addresses: Sequence[Address]) -> Iterator[Place]:
    for address in addresses:
        yield from (Place("ipmi", str(address), port) for port in sweep.ipmi_ports)
        yield from (Place("redfish", str(address), port) for port in sweep.redfish_ports)


def keep(unit: Unit, sweep_id: int, answers: Sequence[Answer], *, knocked: int) -> bool:
    """Write down what was found so far. False when the search is over: its worker was taken for lost."""
    sweep = unit.get_one(BmcSweep, sweep_id, with_for_update=True, populate_existing=True)
    if sweep.finished_at is not None:
        return False
    for answer in answers:
        unit.add(
            BmcSighting(
                sweep_id=sweep_id, host=answer.place.host, port=answer.place.port, kind=answer.place.kind,
                fingerprint=answer.fingerprint, facts=answer.facts,
            )
        )  # fmt: skip
    sweep.knocked, sweep.seen_at = knocked, utcnow()
    if knocked >= sweep.doors:
        sweep.finished_at = utcnow()
    unit.changed(TOPIC)
    return sweep.finished_at is None


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting, and the server on record behind it (None: nobody has written it down)."""

    sighting: BmcSighting
    server_id: int | None


def list_sweeps(actor: Actor, unit: Unit) -> list[BmcSweep]:
    """The newest searches first."""
    actor.require(Permission.FLEET_VIEW)
    return list(unit.exec(select(BmcSweep).order_by(col(BmcSweep.id).desc()).limit(HISTORY)))


def list_seen(actor: Actor, unit: Unit, sweep_id: int) -> list[Seen]:
    """What a search has found, by address; whether it is on record is said as of now."""
    actor.require(Permission.FLEET_VIEW)
    known = {(row.host, row.port): row.server_id for row in unit.exec(select(Bmc))}
    rows = unit.exec(select(BmcSighting).where(col(BmcSighting.sweep_id) == sweep_id))
    found = [Seen(row, known.get((row.host, row.port))) for row in rows]
    return sorted(
        found,
        key=lambda one: (
            ipaddress.ip_address(one.sighting.host).packed,
            one.sighting.port,
            one.sighting.kind,
        ),
    )
