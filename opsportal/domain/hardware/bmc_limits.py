"""How much a BMC takes, by the family that its inspection has learned: sessions, user slots, lengths of names and passwords."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.models import (
    OPEN_ACCESS,
    Bmc,
    BmcAccess,
    ConsoleGrant,
    ConsoleKind,
    GrantStatus,
)
from opsportal.models.base import utcnow

KEPT_SESSIONS = 1
"""For jobs and sweeps: people's consoles never shut our own workers out."""
KEPT_SLOTS = 3
"""The anonymous first one, ours, and one more for a rotation that makes a user of our own."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What any BMC takes until its family says otherwise (IPMI v2.0 sections 6.12.10, 22.28 and 22.30)."""

    sessions: int = 4
    user_slots: int = 10
    name_bytes: int = 16
    password_bytes: int = 20

    @property
    def temporary_users(self) -> int:
        return max(0, self.user_slots - KEPT_SLOTS)


def limits_of(unit: Unit, server_id: int) -> Limits:
    """Those of the server's BMC. What is kept is ours; a number that makes no sense is not."""
    row = unit.get(Bmc, server_id)
    kept = row.limits if row is not None else {}
    known = {one.name: kept[one.name] for one in fields(Limits) if isinstance(kept.get(one.name), int)}
    return Limits(**{name: value for name, value in known.items() if value > 0})


def has_session_left(unit: Unit, server_id: int, kind: ConsoleKind | None) -> bool:
    """Whether the BMC holds one session more for people: a console of `kind`, or (None) a temporary user's.

    All who watch a console of one kind share its session.
    """
    is_open = (col(ConsoleGrant.status) == GrantStatus.ATTACHED) | (
        (col(ConsoleGrant.status) == GrantStatus.GRANTED) & (col(ConsoleGrant.expires_at) > utcnow())
    )
    grants = select(ConsoleGrant.kind).where(col(ConsoleGrant.server_id) == server_id, is_open)
    consoles = set(unit.exec(grants.distinct()))
    users = select(BmcAccess.id).where(
        col(BmcAccess.server_id) == server_id, col(BmcAccess.status).in_(OPEN_ACCESS)
    )
    taken = len(consoles) + len(unit.exec(users).all())
    needed = 0 if kind in consoles else 1
    return taken + needed <= limits_of(unit, server_id).sessions - KEPT_SESSIONS
