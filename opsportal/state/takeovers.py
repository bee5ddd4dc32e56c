"""What a person does with a job that is late, unknown or failed: from the queues and from the server's page."""

from __future__ import annotations

from typing import Annotated

import reflex as rx
from pydantic import Field

from opsportal.db import in_unit
from opsportal.domain.access import Permission
from opsportal.domain.hardware import takeover
from opsportal.state.guard import allow, current_actor
from opsportal.state.wire import Id

Whom = Annotated[int, Field(ge=0, lt=2**63)]
Seen = Annotated[str, Field(min_length=1, max_length=takeover.SEEN_LENGTH, pattern=r"^[^\x00]*$")]


class TakeoverState(rx.State):
    """Jobs in people's hands. What follows arrives by the live feed."""

    @allow(Permission.JOBS_MANAGE)
    async def take(self, job_id: Id, from_id: Whom) -> None:
        """Take a job over; from whom, as the page showed it, or from nobody (0)."""
        await in_unit(takeover.take_over, current_actor(), job_id, from_id=from_id)

    @allow(Permission.JOBS_MANAGE)
    async def ask(self, job_id: Id) -> None:
        """Have the machine asked now how it is."""
        await in_unit(takeover.ask_now, current_actor(), job_id)

    @allow(Permission.JOBS_MANAGE)
    async def hand_back(self, job_id: Id) -> None:
        """Leave it to the workers again."""
        await in_unit(takeover.hand_back, current_actor(), job_id)

    @allow(Permission.JOBS_MANAGE)
    async def end(self, job_id: Id, is_done: bool, seen: Seen) -> None:
        """End it by what was seen."""
        await in_unit(takeover.end_by_hand, current_actor(), job_id, is_done=is_done, seen=seen)

    @allow(Permission.JOBS_MANAGE)
    async def again(self, job_id: Id) -> None:
        """Ask for the same once more."""
        await in_unit(takeover.retry, current_actor(), job_id)
