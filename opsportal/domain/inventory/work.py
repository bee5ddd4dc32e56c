"""Asking for the jobs of inventory: look at a machine, clean it, change its BMC's password, test it."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.hardware.requests import request_job
from opsportal.domain.inventory import stock
from opsportal.domain.inventory.refusals import StockStepNotPossible
from opsportal.domain.provisioning import reinstall
from opsportal.models import HardwareJob, JobKind, Server, StockStatus

PATIENCE_S = 3_600
"""A look or a test makes sense within the hour; power goals do not wait so long."""
STEPS: dict[JobKind, tuple[str, ...]] = {
    JobKind.INSPECT: ("read_parts", "compare_parts"),
    JobKind.ROTATE_CREDENTIALS: ("keep_new_password", "send_new_password", "prove_new_password"),
    JobKind.CLEAN: (
        "check_addresses", "check_disks", "check_reverse", "check_bmc_access", "remove_bmc_users", "note_firmware",
        "compare_parts", "reset_settings", "read", "switch_off", "verify_off", "switch_on", "verify_on",
        "see_firmware",
    ),
    JobKind.BURN_IN: (
        "read", "switch_on", "verify_on", "read_health", "switch_off", "verify_off", "read_health_again",
    ),
}  # fmt: skip


def inspect(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Ask the machine what it is made of, and compare. Changes nothing about it."""
    return _request(unit, actor, server_id, JobKind.INSPECT, Permission.FLEET_MANAGE)


def rotate_credentials(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Give the machine's BMC a new password that nobody has seen."""
    return _request(unit, actor, server_id, JobKind.ROTATE_CREDENTIALS, Permission.FLEET_MANAGE)


def clean(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Gather the evidence that a program can gather. Only while the machine is being cleaned."""
    _cleaning(unit, actor, server_id)
    return _request(unit, actor, server_id, JobKind.CLEAN, Permission.STOCK_MANAGE)


def burn_in(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """Run the machine under load where the boot service offers that, then switch it on and off several times; its health and
    event log are read in between. Only while it is being cleaned.
    """
    server = _cleaning(unit, actor, server_id)
    if reinstall.may_boot(unit, server, JobKind.LOAD_TEST):
        return reinstall.request_boot(unit, actor, server_id, kind=JobKind.LOAD_TEST).job
    return power_cycles(unit, actor, server_id)


def power_cycles(unit: Unit, actor: Actor, server_id: int) -> HardwareJob:
    """The second part of a burn-in, and the whole of it where nothing loads the machine."""
    return _request(unit, actor, server_id, JobKind.BURN_IN, Permission.STOCK_MANAGE)


def _cleaning(unit: Unit, actor: Actor, server_id: int) -> Server:
    server = stock.locked(unit, actor, server_id)
    if server.stock_status != StockStatus.CLEANING:
        raise StockStepNotPossible(server=server.name)
    return server


def _request(unit: Unit, actor: Actor, server_id: int, kind: JobKind, permission: Permission) -> HardwareJob:
    return request_job(
        unit, actor, server_id, kind=kind, permission=permission, steps=STEPS[kind], patience_s=PATIENCE_S
    )
