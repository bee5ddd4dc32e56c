"""Asks a switch because a person wants to know whether its record is right. Runs in a work horse of `hardware`."""

from __future__ import annotations

import structlog

import switches
from opsportal.db import unit_of_work
from opsportal.domain.hardware import port_orders
from opsportal.domain.inventory import switch_checks
from opsportal.models import Switch
from opsportal.settings import settings
from workers.port_orders import port_control
from workers.traffic_poll import agent, apply_found

log = structlog.get_logger("switch_checks")
_ANSWERS = {True: "allowed", False: "refused", None: "unclear"}


def run(switch_id: int) -> None:
    """Ask who it is and which ports it has, which go on record at once, and whether it lets us set them."""
    with unit_of_work() as unit:
        question = switch_checks.wanted(unit, switch_id)
    if question is None:
        return
    row, asked_at = question
    try:
        found = switches.discover_switches({switch_id: agent(row)}, timeout_s=settings().switch_timeout_s)[
            switch_id
        ]
        if isinstance(found, switches.SwitchError):
            raise found
    except switches.SwitchError as error:
        log.warning("switch_error", switch=switch_id, code=error.code)
        with unit_of_work() as unit:
            switch_checks.record(unit, switch_id, asked_at, error_code=error.code)
        return
    with unit_of_work() as unit:
        if not switch_checks.is_current(unit, switch_id, asked_at):
            return  # the record was corrected: another worker asks by the new one
        apply_found(unit, switch_id, found)
    write = _write_of(row)
    with unit_of_work() as unit:
        switch_checks.record(
            unit, switch_id, asked_at, sys_name=found.sys_name, ports=len(found.ports), write=write
        )


def _write_of(row: Switch) -> str:
    """What it says to our credentials for writing: a word, or the code of why it says nothing."""
    if not port_orders.may_be_written(row):
        return ""
    try:
        return _ANSWERS[port_control(row).may_write()]
    except switches.SwitchError as error:
        return error.code
