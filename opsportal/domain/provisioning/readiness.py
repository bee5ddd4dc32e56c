"""What is known already of that which the worker checks before anything is erased.

Only what is on record: no machine, switch or file is asked here. The worker asks again and has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.hardware import cut_off
from opsportal.models import Bmc, Power, Server
from opsportal.settings import settings


class Known(StrEnum):
    """`unknown`: nothing speaks against it, and it is found out when the job starts."""

    OK = "ok"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be right, and what is known of it."""

    name: str
    known: Known


def list_checks(actor: Actor, unit: Unit, server_id: int) -> list[Check]:
    """The checks of a network boot of this server, in the order in which they are made."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    return [
        Check("boot_service", Known.OK if settings().boot_url else Known.BAD),
        Check("bmc_answers", _bmc(unit, server)),
        Check("mac_known", Known.OK if server.mac else Known.BAD),
        Check("port_up", _port(unit, server_id)),
        Check("image_verified", Known.UNKNOWN),
    ]


def _bmc(unit: Unit, server: Server) -> Known:
    if unit.get(Bmc, server.id) is None or server.bmc_error_code:
        return Known.BAD
    return Known.UNKNOWN if server.power == Power.UNKNOWN else Known.OK


def _port(unit: Unit, server_id: int) -> Known:
    """A server that is off has no link: only a link says something, and that we cut the server off."""
    if cut_off.is_cut_off(unit, server_id):
        return Known.BAD
    return Known.OK if any(port.is_up for port in cut_off.ports_of(unit, server_id)) else Known.UNKNOWN
