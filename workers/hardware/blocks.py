"""Blocking and unblocking: the server's own switch ports down, or up again, read back at the switch."""

from __future__ import annotations

import time
from collections.abc import Callable

import bmc
import switches
from opsportal.db import unit_of_work
from opsportal.domain.hardware import block, claims, cut_off, port_orders
from opsportal.domain.hardware.port_orders import Target
from opsportal.domain.hardware.resolutions import Resolution
from opsportal.models import JobKind, JobStatus, OrderStatus
from workers import port_orders as switching
from workers.hardware.running import Running

CACHES_S = 6.0
"""For how long an agent may answer with what was before; less than a lease."""
FOLLOWED_NOT = (bmc.BmcIgnoredCommand, bmc.BmcRefusedCommand)
"""The machine was read after the last command."""


class SwitchFailed(bmc.BmcError):
    """What a switch answered, for the machinery of jobs."""


class BlockedInPart(bmc.BmcError):
    code = "blocked_in_part"
    advice = "One switch port is down, another could not be set. Unblock the server, then block it again."


class BlockedLeftOn(bmc.BmcIgnoredCommand):
    code = "blocked_left_on"
    advice = (
        "The switch ports are down, but the server could not be switched off. Switch it off if it should be."
    )


def _failure(error: switches.SwitchError) -> SwitchFailed:
    about = {"code": error.code, "advice": error.advice}
    kind: type[SwitchFailed] = type("SwitchFailed", (SwitchFailed,), about)
    return kind()


def block_server(running: Running) -> None:
    """Take every port of the server down; then, if wanted, its power."""
    try:
        with running.step("port_down"):
            _carry_out(running)
            _note_blocked(running)
    except SwitchFailed as error:
        if running.in_doubt or not _is_in_part(running):
            raise
        raise BlockedInPart from error
    if _is_with_power(running):
        _switch_off(running)


def _switch_off(running: Running) -> None:
    """The block is in force: whatever its BMC does not do, nobody is told that nothing was changed."""
    try:
        with running.connect() as control:
            running.reach(control, bmc.PowerGoal.OFF)
    except bmc.BmcError as error:
        if running.in_doubt and (error.is_outcome_unknown or not isinstance(error, FOLLOWED_NOT)):
            raise
        raise BlockedLeftOn from error


def _is_with_power(running: Running) -> bool:
    with unit_of_work() as unit:
        row = cut_off.block_of(unit, running.job_id)
        return row is not None and row.is_with_power


def _is_in_part(running: Running) -> bool:
    """The block is in force for the ports that are down: `cut_off.note_end`."""
    with unit_of_work() as unit:
        return block.is_in_part(unit, running.job_id)


def unblock_server(running: Running) -> None:
    """Take up again the ports that the block took down. The power stays as it is."""
    with running.step("port_up"):
        _carry_out(running)
        _note_unblocked(running)


def _carry_out(running: Running) -> None:
    for target in _targets(running):
        try:
            switching.set_port(target, _announcing(running, target))
        except switches.SwitchError as error:
            _give_up(running, error.code)
            raise _failure(error) from error
        with unit_of_work() as unit:
            claims.command_done(unit, running.claim, line=f"read back: {target.if_name} {_word(target)}")
            port_orders.end(unit, target.order_id, OrderStatus.DONE, "verified")
        running.in_doubt = False


def _targets(running: Running) -> list[Target]:
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        found = [port_orders.target(unit, row) for row in block.asked_orders(unit, running.job_id)]
        is_given_up = block.has_given_up(unit, running.job_id)
    if is_given_up:
        raise _failure(switches.SwitchPortMoved())
    return [target for target in found if target is not None]


def _announcing(running: Running, target: Target) -> Callable[[], None]:
    return lambda: running.before_command(f"ifAdminStatus of {target.if_name}: {_word(target)}")


def _word(target: Target) -> str:
    return "up" if target.wants_up else "down"


def _give_up(running: Running, code: str) -> None:
    """The orders end with the job unless something was sent: then the switch is asked first."""
    if running.in_doubt:
        return
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        block.close_orders(unit, running.job_id, OrderStatus.FAILED, code)


def _note_blocked(running: Running) -> None:
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        cut_off.note_blocked(unit, running.job_id)


def _note_unblocked(running: Running) -> None:
    with unit_of_work() as unit:
        claims.renew(unit, running.claim)
        block.note_unblocked(unit, running.server_id, by=block.actor_of(unit, running.job_id))


def ask_switch(running: Running) -> Resolution:
    """What became of a job whose worker was lost: each of its ports is read at the switch, nothing is set.

    What one switch says is put on record even where another one is silent.
    """
    failures = [error for target in _open_targets(running) if (error := _settle(running, target))]
    if failures:
        raise failures[0]
    is_block = running.claim.kind is JobKind.BLOCK
    with running.writing() as unit:
        if block.has_given_up(unit, running.job_id):
            is_in_part = is_block and block.is_in_part(unit, running.job_id)
            return Resolution(JobStatus.FAILED, BlockedInPart.code if is_in_part else "not_carried_out")
    if not is_block:
        _note_unblocked(running)
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    _note_blocked(running)
    return _power(running) if _is_with_power(running) else Resolution(JobStatus.SUCCEEDED, "reconciled")


def _open_targets(running: Running) -> list[Target]:
    with running.writing() as unit:
        found = [port_orders.target(unit, row) for row in block.asked_orders(unit, running.job_id)]
    return [target for target in found if target is not None]


def _settle(running: Running, target: Target) -> SwitchFailed | None:
    """End an order by what its switch says now. Returns why that could not be found out."""
    try:
        has_followed = _has_followed(target)
    except SwitchFailed as error:
        return error
    with running.writing() as unit:
        status = OrderStatus.DONE if has_followed else OrderStatus.FAILED
        port_orders.end(unit, target.order_id, status, "verified" if has_followed else "not_carried_out")
    return None


def _has_followed(target: Target) -> bool:
    """Read until the port is there or it is certain that it is not: agents keep answers for some seconds."""
    end = time.monotonic() + CACHES_S
    while True:
        try:
            seen = switching.port_control(target.switch).read(target.if_index)
        except switches.SwitchError as error:
            raise _failure(error) from error
        has_followed = seen.if_name == target.if_name and seen.is_enabled == target.wants_up
        if has_followed or time.monotonic() > end:
            switching.keep(target, seen)
            return has_followed
        time.sleep(0.5)


def _power(running: Running) -> Resolution:
    """The ports are down; whether the power is off as well the BMC says."""
    with running.connect() as control:
        power = control.power_state(timeout_s=8.0)
    if power is bmc.PowerState.OFF:
        return Resolution(JobStatus.SUCCEEDED, "reconciled")
    return Resolution(JobStatus.FAILED, BlockedLeftOn.code)
