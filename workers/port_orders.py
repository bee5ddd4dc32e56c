"""Carries out orders to switch ports. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

from collections.abc import Callable

import structlog

import switches
from opsportal.db import unit_of_work
from opsportal.domain.hardware import port_orders
from opsportal.domain.hardware.port_orders import Target
from opsportal.domain.vault import VaultError, unseal
from opsportal.models import OrderStatus, Switch
from opsportal.settings import settings
from workers.traffic_poll import SwitchMisconfigured, agent

log = structlog.get_logger("port_orders")
_TRY_AGAIN = (switches.SwitchUnreachable,)


class OrderOvertaken(Exception):
    """Another worker has this order, or it has ended: nothing may be sent."""


def port_control(row: Switch) -> switches.SnmpPortControl:
    """A switch whose ports may be set. Raises SwitchError, also when no such credentials are on record."""
    reader = agent(row)
    if not port_orders.may_be_written(row):
        raise switches.SwitchWriteRefused
    try:
        writer = switches.Agent(
            reader.host,
            reader.port,
            community=_open(row.write_community) if not row.write_username else "",
            username=row.write_username or "",
            auth_protocol=row.write_auth_protocol or "",
            auth_password=_open(row.write_auth_password),
            priv_protocol=row.write_priv_protocol or "",
            priv_password=_open(row.write_priv_password),
        )
    except (ValueError, VaultError) as unusable:
        raise SwitchMisconfigured from unusable
    return switches.SnmpPortControl(reader, writer, timeout_s=settings().switch_timeout_s)


def _open(sealed: bytes | None) -> str:
    return unseal(sealed) if sealed else ""


def set_port(target: Target, before_command: Callable[[], None]) -> switches.PortState:
    """Bring the port to where the order wants it and put on record what was read back. Raises SwitchError."""
    seen = port_control(target.switch).set_enabled(
        target.if_index, target.if_name, is_enabled=target.wants_up, before_command=before_command
    )
    keep(target, seen)
    return seen


def keep(target: Target, seen: switches.PortState) -> None:
    """Put on record what a switch has said about a port."""
    with unit_of_work() as unit:
        port_orders.record_look(
            unit,
            target.port_id,
            is_enabled=seen.is_enabled,
            is_up=seen.is_up,
            in_errors=seen.in_errors,
            out_errors=seen.out_errors,
        )


def run(order_id: int) -> None:
    """Carry out one order that staff has given, once, whatever the queue does."""
    with unit_of_work() as unit:
        target = port_orders.claim(unit, order_id)
    if target is None:
        return

    def before_command() -> None:
        with unit_of_work() as unit:
            if not port_orders.still_holds(unit, target):
                raise OrderOvertaken

    try:
        set_port(target, before_command)
    except OrderOvertaken:
        log.warning("order_overtaken", order=order_id)
        return
    except switches.SwitchError as error:
        log.warning("switch_error", order=order_id, code=error.code)
        if not isinstance(error, _TRY_AGAIN) or target.attempt >= port_orders.MAX_ATTEMPTS:
            _end(target, OrderStatus.FAILED, error.code)
        return
    _end(target, OrderStatus.DONE, "verified")


def _end(target: Target, status: OrderStatus, outcome_code: str) -> None:
    with unit_of_work() as unit:
        port_orders.end(unit, target.order_id, status, outcome_code)


def wake_overdue() -> None:
    """The clock's part: orders that nobody is at are handed over again."""
    with unit_of_work() as unit:
        port_orders.wake_overdue(unit)
