"""Machines on their way through stock, with a BMC in this process: what is asked of them, and what is on record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

import bmc
from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import cleanings
from opsportal.domain.vault import unseal
from opsportal.models import (
    Bmc,
    Cleaning,
    CleaningEvidence,
    CleaningStep,
    EvidenceResult,
    HardwareJob,
    Role,
    Server,
)
from tests.builders import make_actor, make_server
from workers import hardware

HOST = "127.0.0.78"
PARTS = bmc.BmcInventory(
    (
        bmc.BmcPart("Builtin FRU Device", "Acme", "Rack 1", serial="CH1"),
        bmc.BmcPart("DIMM A1", "Ram Co", "32 GB", serial="D1", version="1.0"),
        bmc.BmcPart("DIMM A2", "Ram Co", "32 GB", serial="D2"),
        bmc.BmcPart("Disk Bay 0", "Disk Co", "SSD 960", serial="K1", version="F1"),
    ),
    firmware="2.87",
)
NO_BMC_NEEDED = {"addresses": ("good", "released"), "reverse_dns": ("good", "asked_name_server")}


@contextmanager
def stocked(machine: MemoryBmc) -> Iterator[tuple[Server, Actor]]:
    """A machine in quarantine with this BMC, and a technician."""
    with plugged_in(HOST, machine) as endpoint:
        yield make_server(endpoint=endpoint, ip="198.51.100.7"), make_actor(role=Role.TECHNICIAN)


def run(ask: object, actor: Actor, server: Server) -> HardwareJob:
    """Ask for a job and carry it out, as a worker does."""
    with unit_of_work() as unit:
        job = ask(unit, actor, server.id or 0)  # type: ignore[operator]
    hardware.run_job(job.id or 0)
    with unit_of_work() as unit:
        return unit.get_one(HardwareJob, job.id)


def begin_cleaning(actor: Actor, server: Server) -> Cleaning:
    with unit_of_work() as unit:
        return cleanings.start_cleaning(unit, actor, server.id or 0)


def confirm_all(actor: Actor, server: Server, *, but: str = "") -> None:
    with unit_of_work() as unit:
        cleaning = cleanings.find_cleaning(unit, server.id or 0)
        states = cleanings.states_of(unit, cleaning.id or 0) if cleaning else []
    for state in states:
        if state.step.name == but:
            continue
        method = "ata_secure_erase" if state.step.name == "disk" else "confirmed"
        with unit_of_work() as unit:
            cleanings.confirm(
                unit, actor, state.step.id or 0, result=EvidenceResult.GOOD, method=method, note="seen by me"
            )


def evidence(server: Server) -> dict[str, tuple[str, str]]:
    """By step of its cleanings: result and method of each, in the order of time."""
    with unit_of_work() as unit:
        query = (
            select(CleaningStep.name, CleaningEvidence.result, CleaningEvidence.method)
            .join(CleaningEvidence, col(CleaningEvidence.step_id) == col(CleaningStep.id))
            .join(Cleaning, col(Cleaning.id) == col(CleaningStep.cleaning_id))
            .where(col(Cleaning.server_id) == server.id)
            .order_by(col(CleaningEvidence.id))
        )
        return {name: (result, method) for name, result, method in unit.exec(query)}


def stock_status(server: Server) -> str:
    with unit_of_work() as unit:
        return unit.get_one(Server, server.id).stock_status


def password_on_record(server: Server) -> tuple[str, str]:
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, server.id)
        return row.username, unseal(row.password)


def refused_by_database(constraint: str, *statements: str, **values: object) -> None:
    """The database says no, by this constraint, and everything stays."""

    def attempt() -> None:
        with unit_of_work() as unit:
            for statement in statements:
                unit.execute(text(statement), values)

    with pytest.raises(IntegrityError) as refused:
        attempt()
    assert refused.value.orig.diag.constraint_name == constraint  # type: ignore[union-attr]
