"""What follows a machine's run under load. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

from opsportal.db import unit_of_work
from opsportal.domain.inventory import burn_ins


def goes_on(job_id: int) -> None:
    """Take in what the run has shown, and ask for the power cycles after one that was passed."""
    with unit_of_work() as unit:
        burn_ins.go_on(unit, job_id)
