"""A BMC that refuses us is left alone for longer and longer: repeated log-ons lock accounts.

A tenant with root on the machine can change the BMC's users. Staff are told once, by an event, and every
way to the BMC (the sweep, jobs, readings) is closed for a while. New credentials are tried at once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection

from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.hardware import topics
from opsportal.models import Bmc, BmcRefusal, Server
from opsportal.models.base import utcnow

REFUSALS = ("bmc_credentials_refused", "bmc_user_unknown")
"""Codes of the library's errors that count against the account on the BMC."""
_FIRST_PAUSE = dt.timedelta(minutes=2)
_LONGEST_PAUSE = dt.timedelta(hours=2)


def pause_after(times: int) -> dt.timedelta:
    """2, 8, 32 and then 120 minutes: never three within five minutes, where common lock-outs begin."""
    factor = (1, 4, 16, 64)[min(max(times, 1), 4) - 1]
    return min(_FIRST_PAUSE * factor, _LONGEST_PAUSE)


def credentials_mark(row: Bmc) -> str:
    """A value that changes whenever address, user or password on record do; tells nothing about them."""
    where = f"{row.driver}|{row.host}|{row.port}|{row.username}|".encode()
    return hashlib.sha256(where + row.password).hexdigest()


def list_held_back(unit: Unit, server_ids: Collection[int] | None = None) -> dict[int, str]:
    """Servers whose BMC must not be asked now, with the code of what it said last."""
    query = select(BmcRefusal, Bmc).join(Bmc, col(Bmc.server_id) == col(BmcRefusal.server_id))
    if server_ids is not None:
        query = query.where(col(BmcRefusal.server_id).in_(server_ids))
    now = utcnow()
    return {
        refusal.server_id: refusal.code
        for refusal, row in unit.exec(query)
        if refusal.mark == credentials_mark(row) and now < refusal.last_at + pause_after(refusal.times)
    }


def note_refusal(unit: Unit, server_id: int, code: str, *, mark: str) -> None:
    """Count one refused log-on with the credentials of that `mark`; the first one is an event for staff."""
    adding = insert(BmcRefusal).values(server_id=server_id, mark=mark, code=code, times=1, last_at=utcnow())
    counted = adding.on_conflict_do_update(
        index_elements=["server_id"],
        set_={
            "mark": mark,
            "code": code,
            "last_at": adding.excluded.last_at,
            "times": case((col(BmcRefusal.mark) == mark, col(BmcRefusal.times) + 1), else_=1),
        },
    ).returning(col(BmcRefusal.times))
    if unit.execute(counted).scalar_one() == 1:
        _tell(unit, server_id, "bmc:access_refused", code=code)


def try_again(unit: Unit, server_id: int) -> None:
    """Somebody has corrected what is on record: the next attempt is made at once, and its refusal is an event again."""
    row = unit.get(BmcRefusal, server_id, with_for_update=True)
    if row is not None:
        row.mark = ""  # nobody's credentials; the row stays, so that staff are told when the BMC lets us in


def forget_refusal(unit: Unit, server_id: int) -> None:
    """The BMC has let us in."""
    gone = delete(BmcRefusal).where(col(BmcRefusal.server_id) == server_id).returning(col(BmcRefusal.code))
    code = unit.execute(gone).scalar_one_or_none()
    if code is not None:
        _tell(unit, server_id, "bmc:access_restored", code=code)


def _tell(unit: Unit, server_id: int, tag: str, *, code: str) -> None:
    server = unit.get_one(Server, server_id)
    trail.record(
        unit, tag, actor=None, object_kind="server", object_id=server_id, object_name=server.name, code=code
    )
    unit.changed(topics.server(server_id), topics.FLEET)
