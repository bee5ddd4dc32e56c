"""Makes and removes temporary users of BMCs. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.consoles import access_work
from opsportal.domain.consoles.access_work import EXCHANGE_S, Held
from workers.hardware.bmcs import connect_to

log = structlog.get_logger("bmc_access")
PRIVILEGE = bmc.Privilege.OPERATOR
"""The least that opens the screen on vendors' pages; it manages neither users nor the BMC's own network."""
_PASSING = (
    bmc.BmcUnreachable, bmc.BmcBusy, bmc.BmcSessionLost, bmc.BmcDeadlineExceeded, bmc.BmcIgnoredCommand,
)  # fmt: skip
"""What may be otherwise at the next attempt."""


class AccessOvertaken(Exception):
    """The access has ended, or another worker has it: nothing may be sent."""


def run(access_id: int) -> None:
    """Bring one temporary user to where its row wants it, once, whatever the queue does."""
    with unit_of_work() as unit:
        held = access_work.claim(unit, access_id)
    if held is None:
        return
    try:
        with connect_to(held.server_id) as control:
            users = bmc.capability(control, bmc.Users)
            if held.password is None:
                _remove(users, held)
            else:
                _make(users, held, held.password)
    except AccessOvertaken:
        log.info("access_overtaken", access=access_id)
        with unit_of_work() as unit:
            access_work.failed(unit, held, bmc.BmcDeadlineExceeded.code, is_hopeless=False)
    except bmc.BmcError as error:
        log.warning("access_failed", access=access_id, code=error.code)
        with unit_of_work() as unit:
            access_work.failed(unit, held, error.code, is_hopeless=not isinstance(error, _PASSING))


def _make(users: bmc.Users, held: Held, password: str) -> None:
    """Make the user and find it in the list with no more rights than meant. Raises BmcError."""
    if _named(users, held):  # an attempt before has got half-way: nobody knows which password it has
        users.delete_user(held.username, timeout_s=EXCHANGE_S)
    with unit_of_work() as unit:
        if not access_work.announce(unit, held):
            raise AccessOvertaken
    users.create_user(held.username, password, privilege=PRIVILEGE, timeout_s=EXCHANGE_S)
    if [(one.privilege, one.is_enabled) for one in _named(users, held)] != [(PRIVILEGE, True)]:
        raise bmc.BmcIgnoredCommand
    with unit_of_work() as unit:
        access_work.made(unit, held)


def _named(users: bmc.Users, held: Held) -> list[bmc.BmcUser]:
    return [one for one in users.list_users(timeout_s=EXCHANGE_S) if one.name == held.username]


def _remove(users: bmc.Users, held: Held) -> None:
    """Delete the user and find it in the list no more. Raises BmcError."""
    users.delete_user(held.username, timeout_s=EXCHANGE_S)
    if any(one.is_enabled for one in _named(users, held)):
        raise bmc.BmcIgnoredCommand
    with unit_of_work() as unit:
        access_work.removed(unit, held)


def wake_due() -> None:
    """The clock's part: what has lost its right, and what nobody is at."""
    with unit_of_work() as unit:
        access_work.wake_due(unit)
