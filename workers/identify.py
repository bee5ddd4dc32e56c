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
    """Let the light blink for four minutes; it goes out by itself. A click that is too old is left alone."""
    with unit_of_work() as unit:
        if not identify.is_wanted(unit, server_id):
            return
    code: str | None = None
    try:
        with connect_to(server_id) as control:
            bmc.capability(control, bmc.Identify).identify(BLINK_S, timeout_s=_ASK_S)
    except bmc.BmcError as error:
        log.warning("bmc_error", server=server_id, code=error.code)
        code = error.code
    with unit_of_work() as unit:
        identify.record(unit, server_id, lit_s=BLINK_S, error_code=code)
