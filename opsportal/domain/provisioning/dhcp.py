"""The boot network's DHCP server tells what it does. Believed as far as it explains; it advances nothing."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.hardware import topics
from opsportal.domain.provisioning import leases, milestones
from opsportal.domain.provisioning.machines import Machine, open_machine, server_of, write_event
from opsportal.models import Asker, BootLease, InstallEvent, InstallStage, MilestoneName


def given(unit: Unit, *, mac: str, address: str, seconds: int, asker: Asker, at: dt.datetime) -> None:
    """A machine was given an address at `at` for so long. Of machines that are not on record nothing is kept.

    What is older than what is known of the address is passed over: somebody may have sent it again.
    """
    server = server_of(unit, mac)
    if server is None:
        return
    values = {"mac": mac, "told_at": at, "expires_at": at + dt.timedelta(seconds=seconds)}
    kept = insert(BootLease).values(address=address, **values)
    is_newer = col(BootLease.told_at) <= at
    newest = kept.on_conflict_do_update(index_elements=["address"], set_=values, where=is_newer)
    if unit.execute(newest.returning(col(BootLease.address))).first() is None:
        return
    machine = open_machine(unit, server, address) if asker is not Asker.SYSTEM else None
    if machine is not None and machine.stage is InstallStage.ARMED:
        _witness(unit, machine, asker)


def taken_back(unit: Unit, *, mac: str, address: str, at: dt.datetime) -> None:
    """A machine has an address no longer. It stays the last that had it: it may go on using it."""
    lease = unit.get(BootLease, address, with_for_update=True)
    if lease is not None and lease.mac == mac and lease.told_at <= at:
        lease.told_at, lease.expires_at = at, min(lease.expires_at, at)


def _witness(unit: Unit, machine: Machine, asker: Asker) -> None:
    """Once for each who asks: firmware and iPXE try again and again."""
    installation = machine.installation
    known = select(InstallEvent.id).where(
        col(InstallEvent.job_id) == installation.job_id,
        col(InstallEvent.kind) == leases.ASKED,
        col(InstallEvent.detail) == asker,
        col(InstallEvent.at) >= installation.armed_at,
    )
    if unit.exec(known).first() is not None:
        return
    write_event(unit, machine, leases.ASKED, asker)
    unit.flush()
    row = milestones.waited_for(unit, installation.job_id)
    if row is not None and row.late_at is not None and row.name == MilestoneName.NETWORK_BOOT:
        row.diagnosis = milestones.diagnosis_of(unit, row)
    unit.changed(*topics.of_job(machine.job), topics.job(installation.job_id))
