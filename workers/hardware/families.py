"""What follows from who made a BMC: how its screen is had, and a better cipher suite where it has one."""

from __future__ import annotations

import dataclasses

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import families
from opsportal.models import Bmc
from workers.hardware.bmcs import endpoint
from workers.hardware.running import Running

ASK_S = 6.0


def learn(running: Running, answer: bmc.BmcInventory) -> None:
    """Keep the quirks of the BMC's family. One that does not say who made it teaches nothing."""
    if answer.manufacturer_id is None:
        return
    quirks = bmc.quirks_of(answer.manufacturer_id, answer.product_id)
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, running.server_id)
    running.renew()
    suite = row.cipher_suite
    if row.driver != "redfish" and quirks.cipher_suite > suite and _works(row, quirks.cipher_suite):
        suite = quirks.cipher_suite
        running.log(f"{quirks.name}: cipher suite {suite} from now on")
    with unit_of_work() as unit:
        families.keep_family(
            unit, running.server_id, console_kind=quirks.console, cipher_suite=suite, limits=quirks.limits()
        )


def _works(row: Bmc, cipher_suite: int) -> bool:
    """Whether the BMC lets us in with it; some say that they know 17 and then cannot speak it."""
    try:
        with bmc.connect(dataclasses.replace(endpoint(row), cipher_suite=cipher_suite)) as control:
            control.power_state(timeout_s=ASK_S)
    except bmc.BmcError:
        return False
    return True
