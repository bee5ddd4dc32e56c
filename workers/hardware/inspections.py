"""Asking a machine what it is made of, and comparing that with what is on record or was ordered."""

from __future__ import annotations

import bmc
from opsportal.domain.inventory import inspections
from opsportal.domain.inventory.comparison import SeenPart, told
from opsportal.models import PartKind
from workers.hardware import families
from workers.hardware.running import Running

READ_S = 60.0
"""Some BMCs take most of a minute to read out every part."""


def read_parts(running: Running, control: bmc.PowerControl) -> tuple[list[SeenPart], bmc.BmcInventory]:
    """What the BMC tells. Raises BmcUnsupported where it tells nothing of that kind."""
    with running.kept():
        answer = bmc.capability(control, bmc.Inventory).read_inventory(timeout_s=READ_S)
    seen = [
        told(part.name, serial=part.serial, model=f"{part.manufacturer} {part.model}", firmware=part.version)
        for part in answer.parts
    ]
    if seen and seen[0].kind == PartKind.OTHER:
        first = answer.parts[0]
        seen[0] = told("chassis", serial=first.serial, model=f"{first.manufacturer} {first.model}")
    return seen, answer


def inspect(running: Running) -> None:
    """Read and compare; changes nothing about the machine."""
    with running.step("read_parts"), running.connect() as control:
        seen, answer = read_parts(running, control)
    running.log(f"the BMC (firmware {answer.firmware[:40]}) told {len(seen)} parts")
    families.learn(running, answer)
    with running.step("compare_parts"), running.writing() as unit:
        found = inspections.keep(
            unit, running.job_id, running.server_id, seen, why_partial=answer.partial or ""
        )
    running.log(f"{len(found.differences)} differences")
