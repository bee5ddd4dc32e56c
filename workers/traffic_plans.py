"""What plans include of traffic, looked at every few minutes: mails, blocks, overages. One transaction a service."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from opsportal.db import Unit, unit_of_work
from opsportal.domain.refusals import Refusal
from opsportal.domain.traffic import alerts, blocks, limits, overages

log = structlog.get_logger("traffic_plans")


def run() -> None:
    """Everything that is due; one service that fails stops no other."""
    for listed, work in (
        (alerts.list_metered, alerts.evaluate),
        (blocks.list_wanted, blocks.block_now),
        (alerts.list_blocks_over, blocks.unblock_if_over),
        (limits.list_never_set, limits.close_if_over),
        (overages.list_billed, overages.bill_last_cycle),
    ):
        with unit_of_work() as unit:
            due = listed(unit)
        for number in due:
            _each(work, number)


def _each(work: Callable[[Unit, int], object], number: int) -> None:
    try:
        with unit_of_work() as unit:
            work(unit, number)
    except Refusal as refusal:  # it is tried again with the next knock
        log.info("traffic_plan_waits", work=work.__name__, number=number, code=refusal.code)
    except Exception:
        log.exception("traffic_plan_failed", work=work.__name__, number=number)
