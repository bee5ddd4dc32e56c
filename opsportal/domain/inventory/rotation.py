"""A BMC's new sign-in: kept before it is sent, proved before the old one is forgotten.

Begun: the new one is sealed in its own row. Sent: the BMC may have it. Proved: signing in with it worked, and
it becomes the one on record. Until then the row stays, also when the old one was found to work: a worker that
only froze may still send the new one. Whatever dies in between, one of the two rows holds what the BMC has.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.consoles import access_work
from opsportal.domain.hardware import bmc_limits
from opsportal.domain.inventory import topics
from opsportal.domain.vault import seal, unseal
from opsportal.models import Bmc, BmcRotation, HardwareJob, Server
from opsportal.models.base import utcnow

PASSWORD_BYTES = 20
"""The longest that IPMI v2.0 takes (section 22.30): 119 bits of chance."""
CUT_BYTES = 16
ALPHABET = string.ascii_letters + string.digits
"""Printable in every firmware's forms and shells; some BMCs choke on punctuation."""
OURS = "opsportal"
"""Our own user, made where we still sign in by one from the factory."""
DEFAULT_USERS = frozenset(
    {
        *("admin", "administrator", "root", "adminuser", "userid", "guest", "anonymous", "test", "ami"),
        *("default", "user", "operator", ""),
    }
)
"""Names under which machines come from the factory (ADMIN, root, USERID …), in lower case."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """What is to work from now on. Never prints the password."""

    username: str
    password: str = field(repr=False)

    @property
    def cut(self) -> SignIn:
        """The same on a BMC that takes 20 bytes of a password, says yes and keeps 16 (IPMI v1.5 had no more)."""
        return SignIn(self.username, self.password[:CUT_BYTES])


def is_factory_user(username: str) -> bool:
    return username.lower() in DEFAULT_USERS


def new_password(length: int = PASSWORD_BYTES) -> str:
    """Unique for each machine, by chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def begin(unit: Unit, job_id: int, server_id: int) -> SignIn:
    """Keep a new sign-in for this BMC. One that a lost worker has begun is used again: the BMC may have it."""
    row = unit.get(BmcRotation, server_id, with_for_update=True)
    if row is None:
        current = unit.get_one(Bmc, server_id).username
        limits = bmc_limits.limits_of(unit, server_id)
        name = OURS[: limits.name_bytes] if is_factory_user(current) else current
        password = new_password(min(PASSWORD_BYTES, limits.password_bytes))
        row = BmcRotation(server_id=server_id, job_id=job_id, username=name, password=seal(password))
        unit.add(row)
    row.job_id = job_id
    return SignIn(row.username, unseal(row.password))


def sent(unit: Unit, server_id: int) -> bool:
    """From now on the BMC may have the new one. Commit this before the packet leaves.

    False, and nothing may be sent, while a temporary user of the same BMC is being made or removed: two at
    once could take the same slot.
    """
    unit.get_one(Server, server_id, with_for_update=True)
    if access_work.is_held(unit, server_id):
        return False
    unit.get_one(BmcRotation, server_id, with_for_update=True).sent_at = utcnow()
    return True


def find_begun(unit: Unit, server_id: int) -> SignIn | None:
    """The new sign-in of a rotation that has not ended."""
    row = unit.get(BmcRotation, server_id)
    return SignIn(row.username, unseal(row.password)) if row else None


def prove(unit: Unit, server_id: int, proved: SignIn) -> None:
    """Signing in with `proved` worked, the new one or the new one cut: it is the one on record from now on."""
    row = unit.get_one(BmcRotation, server_id, with_for_update=True)
    on_record = unit.get_one(Bmc, server_id, with_for_update=True)
    on_record.username, on_record.password = proved.username, seal(proved.password)
    job = unit.get_one(HardwareJob, row.job_id)
    unit.delete(row)
    trail.record(
        unit, "bmc:password_rotated", actor=None, object_kind="server", object_id=server_id,
        actor_id=job.actor_id, actor_name=job.actor_name, company_id=job.company_id, job=job.id,
    )  # fmt: skip
    topics.announce(unit, server_id)


def is_sent(unit: Unit, server_id: int) -> bool:
    """Whether the BMC may have the new one."""
    row = unit.get(BmcRotation, server_id)
    return row is not None and row.sent_at is not None
