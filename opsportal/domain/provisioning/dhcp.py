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
from opsportal.models.base import utcnow


def given(unit: Unit, *, mac: str, address: str, seconds: int, asker: Asker) -> None:
    """A machine has been given an address for so long. Of machines that are not on record nothing is kept."""
    server = server_of(unit, mac)
    if server is None:
        return
    now = utcnow()
    values = {"mac": mac, "told_at": now, "expires_at": now + dt.timedelta(seconds=seconds)}
    kept = insert(BootLease).values(address=address, **values)
    unit.execute(kept.on_conflict_do_update(index_elements=["address"], set_=values))
    machine = open_machine(unit, server, address) if asker is not Asker.SYSTEM else None
    if machine is not None and machine.stage is InstallStage.ARMED:
        _witness(unit, machine, asker)


def taken_back(unit: Unit, *, mac: str, address: str) -> None:
    """A machine has an address no longer: from now on anybody may."""
    lease = unit.get(BootLease, address, with_for_update=True)
    if lease is not None and lease.mac == mac:
        lease.expires_at = min(lease.expires_at, utcnow())


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
