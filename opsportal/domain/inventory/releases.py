"""What a returned machine gives back."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.inventory import cleanings
from opsportal.domain.network import addresses
from opsportal.models import CleaningStepName, EvidenceResult, Server


def release_addresses(unit: Unit, job_id: int, server_id: int) -> None:
    """Take back every address, ask for the removal of its names, and say so as evidence."""
    released = addresses.release_server(unit, None, server_id)
    unit.flush()
    server = unit.get_one(Server, server_id, with_for_update=True, populate_existing=True)
    if server.ip is not None:
        server.ip = None  # written down before there were addresses on record
        released += 1
    cleanings.witness(
        unit, job_id, CleaningStepName.ADDRESSES, result=EvidenceResult.GOOD, method="released",
        facts={"released": released},
    )  # fmt: skip
