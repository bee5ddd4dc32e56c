"""For how long a worker may be busy with a job of each kind. Time that a machine needs is not in here.

A worker is also ended by its queue after 180 s (`workers/queues.py`): whatever takes longer is left
to the machine by `wait_for_machine`.
"""

from __future__ import annotations

import datetime as dt

from opsportal.models import JobKind
from opsportal.settings import settings

EXTRA_S: dict[JobKind, int] = {
    JobKind.BURN_IN: 80,  # several power cycles with sensors and event log read in each
    JobKind.CLEAN: 80,  # the name server removes names meanwhile
    JobKind.SHUTDOWN: 75,  # the grace of `settings().shutdown_grace_s` before the power is taken away
}
"""Seconds around two power goals for questions, other commands and waiting; 30 unless listed."""


def work_time(kind: JobKind) -> dt.timedelta:
    """After how long a worker that still goes on is fenced off, lease or not."""
    return dt.timedelta(seconds=2 * settings().power_deadline_s + EXTRA_S.get(kind, 30))


def step_time(kind: JobKind) -> dt.timedelta:
    """After how long one step of such a job hangs: it may hold one power goal and all that is extra."""
    return dt.timedelta(seconds=settings().power_deadline_s + EXTRA_S.get(kind, 30))
