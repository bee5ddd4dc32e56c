"""Whether a server still belongs to whom it belonged when somebody asked for something to be done to it."""

from __future__ import annotations

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.models import HardwareJob, Server, Service


class ChangedHands(Exception):
    """The server is somebody else's by now. Stop; nothing more may be done to it in the old owner's name."""


def has_changed_hands(unit: Unit, job: HardwareJob, server: Server) -> bool:
    """Whether another company rents the server now, or nobody, or somebody where nobody did.

    Those who hand servers on refuse while a job runs, but a click may be written in the same moment, and
    a lost worker's job can be carried on minutes later. The caller holds both row locks.
    """
    owner = None
    if server.service_id is not None:
        owner = unit.exec(select(Service.company_id).where(col(Service.id) == server.service_id)).one()
    return owner != job.company_id
