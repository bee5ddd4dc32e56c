"""A machine that has just arrived: written down, placed, and sent on its way through intake."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.audit import trail
from opsportal.domain.inventory import bmc_records, cleanings, orders, places, work
from opsportal.domain.inventory.order_lines import parse_order
from opsportal.domain.inventory.refusals import (
    AddressUnusable,
    BmcAlreadyKnown,
    MacUnusable,
    NameTaken,
    NameUnusable,
)
from opsportal.domain.vault import seal
from opsportal.models import Bmc, CleaningKind, Server

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a person knows of a machine that has arrived. `expected`: lines like "8 dimm 32 GB";
    without any those of the order on record count."""

    name: str
    mac: str
    bmc_host: str
    bmc_user: str
    bmc_password: str
    bmc_port: int = 623
    driver: str = "ipmi"
    certificate: str = ""
    """SHA-256 of a Redfish BMC's certificate; "": a CA must vouch for it."""
    model: str = ""
    order_ref: str = ""
    expected: str = ""
    rack_id: int = 0
    bottom_u: int = 0
    units: int = 1


def normal_mac(text: str) -> str:
    """52:54:00:12:34:56 from any usual way to write it. Raises `MacUnusable`."""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    mac = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    if len(digits) != 12 or not _MAC.fullmatch(mac) or mac == "00:00:00:00:00:00" or int(mac[:2], 16) & 1:
        raise MacUnusable
    return mac


def take_in(unit: Unit, actor: Actor, arrival: Arrival) -> Server:
    """Write the machine down, begin its intake and ask it what it is made of.

    It is for nobody until every step of its intake has good evidence: its factory user removed, its password
    changed, cipher suite 0 shut, its parts as ordered, its burn-in passed.
    """
    actor.require(Permission.STOCK_MANAGE)
    actor.require(Permission.FLEET_MANAGE)
    name = arrival.name.strip().lower()
    if not _NAME.fullmatch(name):
        raise NameUnusable
    host = bmc_records.checked_host(arrival.bmc_host, arrival.bmc_port)
    if arrival.driver not in ("ipmi", "redfish"):
        raise AddressUnusable
    certificate = bmc_records.checked_fingerprint(arrival.certificate)
    bmc_records.check_sign_in(arrival.bmc_user, arrival.bmc_password)
    ordered = parse_order(arrival.expected) or orders.lines_of(unit, arrival.order_ref)
    server = _add_server(unit, name, normal_mac(arrival.mac), arrival)
    _add_bmc(unit, server, host, certificate, arrival)
    assert server.id is not None
    trail.record(
        unit, "server:taken_in", actor=actor, object_kind="server", object_id=server.id, object_name=name,
        order=arrival.order_ref,
    )  # fmt: skip
    if arrival.rack_id:
        places.place_server(
            unit, actor, server.id, rack_id=arrival.rack_id, bottom_u=arrival.bottom_u, units=arrival.units
        )
    cleanings.open_cleaning(
        unit, actor, server, CleaningKind.INTAKE, order_ref=arrival.order_ref.strip()[:100],
        expected=[line.asdict() for line in ordered],
    )  # fmt: skip
    work.inspect(unit, actor, server.id)
    return server


def _add_server(unit: Unit, name: str, mac: str, arrival: Arrival) -> Server:
    taken = select(Server.id).where(func.lower(Server.mac) == mac)
    if unit.exec(taken).first() is not None:
        raise NameTaken
    server = Server(
        name=name, site="", rack="", model=arrival.model.strip()[:100], cpu="", memory_gb=0, disks="", mac=mac
    )
    try:
        with unit.begin_nested():
            unit.add(server)
    except IntegrityError:
        raise NameTaken from None
    return server


def _add_bmc(unit: Unit, server: Server, host: str, certificate: str, arrival: Arrival) -> None:
    assert server.id is not None
    known = select(Bmc.server_id).where(col(Bmc.host) == host, col(Bmc.port) == arrival.bmc_port)
    if unit.exec(known).first() is not None:
        raise BmcAlreadyKnown
    unit.add(
        Bmc(
            server_id=server.id, driver=arrival.driver, host=host, port=arrival.bmc_port,
            username=arrival.bmc_user, password=seal(arrival.bmc_password),
            certificate=certificate,
        )
    )  # fmt: skip
    unit.flush()
