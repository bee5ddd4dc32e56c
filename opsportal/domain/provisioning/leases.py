"""What is known from the boot network's DHCP server: who has an address, and who asked for one.

Where an operator's DHCP server tells nothing, nothing follows from there being nothing; where it may not tell any
more (no `BOOT_NETWORK_KEY`), what it told before says nothing about who has an address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlmodel import col, func, select

from opsportal.db import Unit
from opsportal.models import BootLease, Installation, InstallEvent, Server
from opsportal.models.base import utcnow
from opsportal.settings import settings

ASKED = "dhcp"
"""Among an installation's events: its machine asked for an address before any system ran."""


def is_anothers(unit: Unit, address: str, mac: str, *, is_own: bool) -> bool:
    """Whether a machine with another MAC address has this address, or was the last to have it.

    Who gives an address back may go on using it. Of the asking server's own address only a lease that runs counts:
    the DHCP server gives it to nobody else, and who had it before is of no matter.
    """
    lease = unit.get(BootLease, address) if settings().boot_network_key.get_secret_value() else None
    return lease is not None and lease.mac != mac and (lease.expires_at > utcnow() or not is_own)


def are_told_of(unit: Unit, server: Server) -> bool:
    """Whether a DHCP server tells of the place where a server stands: it has told of one there before."""
    query = (
        select(BootLease.address)
        .join(Server, func.lower(col(Server.mac)) == col(BootLease.mac))
        .where(col(Server.site) == server.site)
        .limit(1)
    )
    return unit.exec(query).first() is not None


def first_given(unit: Unit, job_ids: Sequence[int]) -> dict[int, dt.datetime]:
    """When each machine first got an address since its server was to start for this installation.

    Jobs of which no DHCP server has told that are not in it.
    """
    query = (
        select(InstallEvent.job_id, func.min(InstallEvent.at))
        .join(Installation, col(Installation.job_id) == col(InstallEvent.job_id))
        .where(
            col(InstallEvent.job_id).in_(job_ids),
            col(InstallEvent.kind) == ASKED,
            col(InstallEvent.at) >= col(Installation.armed_at),
        )
        .group_by(col(InstallEvent.job_id))
    )
    return dict(unit.exec(query).all())
