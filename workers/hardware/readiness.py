"""What a work horse of the `hardware` queue needs for its job, got ready before there is one.

The first statement of each kind costs most: SQLAlchemy compiles it, a new backend of the database reads
its catalogues and plans it. So the statements of a power job are made once beforehand, of rows that do
not exist. Nothing is written, no row is locked, and what is not ready costs time only.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gc

from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import SQLModel, col, select

import bmc
from opsportal.db import Unit, unit_of_work
from opsportal.domain import vault
from opsportal.domain.hardware import claims, refusals_of_bmcs
from opsportal.models import (
    Bmc,
    HardwareJob,
    Installation,
    JobLog,
    JobStep,
    Server,
    Service,
    StatusChange,
)

_NOBODY = 0
_THEN = dt.datetime.min.replace(tzinfo=dt.UTC)
_CHANGES: tuple[tuple[type[SQLModel], dict[str, object]], ...] = (
    (HardwareJob, {"fence": 1, "status": "", "started_at": _THEN, "worker": "", "deadline_at": _THEN}),
    (HardwareJob, {"status": "", "commands_sent": 1}),
    (HardwareJob, {"status": "", "finished_at": _THEN, "outcome_code": ""}),
    (Server, {"lease_fence": 1, "lease_job_id": 1, "lease_expires_at": _THEN}),
    (Server, {"lease_expires_at": _THEN}),
    (Server, {"power": "", "power_verified_at": _THEN}),
    (Server, {"lease_job_id": 1, "lease_expires_at": _THEN}),
    (JobStep, {"status": "", "started_at": _THEN}),
    (JobStep, {"status": "", "finished_at": _THEN}),
)
"""What a power job changes from its claim to its end."""


def get_ready() -> None:
    """Start a process for the BMC, connect to the database, open the vault and make each statement once."""
    bmc.get_ready()
    vault.unseal(vault.seal(""))
    make_statements()
    gc.collect()
    gc.freeze()


def make_statements() -> None:
    """Make every statement of a power job that can be made without adding a row."""
    with unit_of_work() as unit:
        _read(unit)
    for model, changes in _CHANGES:
        _change(model, changes)


def _read(unit: Unit) -> None:
    for model in (HardwareJob, Server, Installation):
        unit.get(model, _NOBODY, with_for_update=True, populate_existing=True)
    unit.get(Bmc, _NOBODY)
    refusals_of_bmcs.list_held_back(unit, [_NOBODY])
    unit.exec(select(Service.company_id).where(col(Service.id) == _NOBODY)).all()
    unit.exec(select(JobStep).where(col(JobStep.job_id) == _NOBODY)).all()
    claims.list_steps(unit, _NOBODY)
    for written in (JobLog, StatusChange):
        unit.get(written, _NOBODY)


def _change(model: type[SQLModel], changes: dict[str, object]) -> None:
    """An UPDATE of these columns of a row that does not exist."""
    row = model(id=_NOBODY)
    make_transient_to_detached(row)
    with contextlib.suppress(StaleDataError), unit_of_work() as unit:
        unit.add(row)
        for name, value in changes.items():
            setattr(row, name, value)
        unit.flush()
