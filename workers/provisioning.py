"""Looks after installations: says what is late, and asks new systems whether they answer."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import structlog

from opsportal.db import unit_of_work
from opsportal.domain.provisioning import answering, milestones
from opsportal.domain.provisioning.answering import Asking

TIMEOUT_S = 1.0
AT_ONCE = 32

log = structlog.get_logger("provisioning")


def run() -> None:
    """One look at everything that is under way."""
    with unit_of_work() as unit:
        late = milestones.mark_late(unit)
        asked = answering.list_asking(unit)
    answered = [asking for asking, does in zip(asked, _ask(asked), strict=True) if does]
    for asking in answered:
        with unit_of_work() as unit:
            answering.answered(unit, asking.job_id)
    if late or answered:
        log.info("looked_after", late=late, answered=len(answered))


def _ask(asked: list[Asking]) -> list[bool]:
    if not asked:
        return []
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(asked))) as threads:
        return list(threads.map(_answers, asked))


def _answers(asking: Asking) -> bool:
    """Whether somebody listens there. What it says is of no interest: the keys are new anyhow."""
    try:
        with socket.create_connection((asking.address, asking.port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False
