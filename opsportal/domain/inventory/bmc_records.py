"""What is on record about a BMC, checked, and corrected by hand when it is no longer what the BMC has."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, dataclass, field

from sqlalchemy.exc import IntegrityError

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.accounts import elevation
from opsportal.domain.audit import trail
from opsportal.domain.consoles import access_work
from opsportal.domain.hardware import refusals_of_bmcs
from opsportal.domain.inventory import stock, topics
from opsportal.domain.inventory.refusals import (
    AddressUnusable,
    BmcAlreadyKnown,
    CipherSuiteUnusable,
    CredentialsTooLong,
    FingerprintUnusable,
    PasswordNeeded,
    ServerAtWork,
)
from opsportal.domain.refusals import ServerWithoutBmc
from opsportal.domain.vault import seal
from opsportal.models import Bmc, BmcRotation
from opsportal.settings import settings

CIPHER_SUITES = (3, 17)
"""Those of IPMI v2.0 table 22-20 that authenticate, sign and encrypt."""
_FINGERPRINT = re.compile(r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")

_OTHER_MACHINE = frozenset({"host", "port", "certificate"})
"""Who answers there may be another machine, which a Redfish client would tell the password."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What the BMC has now, as a person knows it. Never prints the password."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    """"": the one on record stays, as long as it goes to the machine on record."""
    cipher_suite: int = 3
    certificate: str = ""
    """SHA-256 of a Redfish BMC's certificate; "": a CA must vouch for it."""


def checked_host(host: str, port: int) -> str:
    """The address as it is kept. Raises `AddressUnusable` for one that workers may not dial."""
    try:
        address = ipaddress.ip_address(host.strip())
    except ValueError:
        raise AddressUnusable from None
    is_permitted = any(address in network for network in settings().bmc_networks)
    if not is_permitted or getattr(address, "scope_id", None) or not 1 <= port <= 65_535:
        raise AddressUnusable
    return str(address)


def checked_fingerprint(text: str) -> str:
    """A certificate's SHA-256 as it is kept, or "". Raises `FingerprintUnusable`."""
    if text and not _FINGERPRINT.fullmatch(text):
        raise FingerprintUnusable
    return text.replace(":", "").lower()


def check_sign_in(username: str, password: str) -> None:
    """Raises `CredentialsTooLong` (IPMI v2.0 sections 22.28 and 22.30)."""
    if len(username.encode()) > 16 or len(password.encode()) > 20:
        raise CredentialsTooLong


def correct(unit: Unit, actor: Actor, server_id: int, new: Correction) -> list[str]:
    """Record what the BMC has now; returns the names of the fields that changed. Needs a raised session.

    Nothing is sent to the BMC. One that had refused us is asked once more, with what is on record from now on.
    """
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    elevation.require(unit, actor)
    given = _checked(new)
    unit.refresh(server, with_for_update=True)  # the server first, as all others who lock both do
    row = unit.get(Bmc, server_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise ServerWithoutBmc
    stock.refuse_at_work(unit, server)
    if access_work.is_held(unit, server_id):  # a worker is at its users, signed in by what is on record
        raise ServerAtWork(server=server.name)
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    if not _OTHER_MACHINE.isdisjoint(changed):
        if not new.password:
            raise PasswordNeeded
        _forget_rotation(unit, server_id)
    for name in changed:
        setattr(row, name, given[name])
    if new.password:
        row.password = seal(new.password)
        changed.append("password")
    if changed:
        _keep(unit, row)
        refusals_of_bmcs.try_again(unit, server_id)
        trail.record(
            unit, "bmc:record_corrected", actor=actor, object_kind="server", object_id=server_id,
            object_name=server.name, fields=changed,
        )  # fmt: skip
        topics.announce(unit, server_id)
    return changed


def _checked(new: Correction) -> dict[str, str | int]:
    """Everything but the password, as it is kept."""
    host = checked_host(new.host, new.port)
    check_sign_in(new.username, new.password)
    if new.cipher_suite not in CIPHER_SUITES:
        raise CipherSuiteUnusable
    given = asdict(new) | {"host": host, "certificate": checked_fingerprint(new.certificate)}
    del given["password"]
    return given


def _forget_rotation(unit: Unit, server_id: int) -> None:
    """A new sign-in that was on its way to the former machine is tried at no other."""
    if (row := unit.get(BmcRotation, server_id, with_for_update=True)) is not None:
        unit.delete(row)


def _keep(unit: Unit, row: Bmc) -> None:
    try:
        with unit.begin_nested():
            unit.add(row)
    except IntegrityError:
        raise BmcAlreadyKnown from None
