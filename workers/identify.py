"""The identify light, by a short session of its own. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import structlog

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import identify
from workers.hardware.bmcs import connect_to

log = structlog.get_logger("identify")
BLINK_S = 240
_ASK_S = 8.0


def run(server_id: int) -> None:
    """Let the light blink for four minutes, or put out one that does not go out by itself.

    A click that is too old is left alone.
    """
    with unit_of_work() as unit:
        is_wanted, is_overdue = identify.is_wanted(unit, server_id), identify.is_overdue(unit, server_id)
    if is_wanted:
        code = _blink(server_id, BLINK_S)
        with unit_of_work() as unit:
            identify.record(unit, server_id, lit_s=BLINK_S, error_code=code)
    elif is_overdue and _blink(server_id, 0) is None:
        with unit_of_work() as unit:
            identify.record_out(unit, server_id)


def _blink(server_id: int, seconds: int) -> str | None:
    """Why it could not be done; None when it was."""
    try:
        with connect_to(server_id) as control:
            bmc.capability(control, bmc.Identify).identify(seconds, timeout_s=_ASK_S)
    except bmc.BmcError as error:
        log.warning("bmc_error", server=server_id, code=error.code)
        return error.code
    return None


def wake_overdue() -> None:
    """Knocked by the clock."""
    with unit_of_work() as unit:
        identify.wake_overdue(unit)
