"""Many people clicking at the same moment."""

from __future__ import annotations

import functools

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.hardware import power
from opsportal.domain.refusals import Refusal
from opsportal.models import JobKind, Server
from tests.builders import make_actor, make_company, make_service
from tests.crowd import together
from tests.stock import hand_over


def click_at_once(server: Server, *, people: int) -> tuple[list[int], list[str]]:
    """`people` of one company switch the server off at once: the jobs that got in, the refusals' codes."""
    company = make_company()
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(company).id)
    actors = [make_actor(company=company) for _ in range(people)]

    def click(actor: Actor) -> int:
        with unit_of_work() as unit:
            return power.request_power(unit, actor, server.id or 0, kind=JobKind.POWER_OFF).id or 0

    came = together(*(functools.partial(click, actor) for actor in actors))
    refused = [one.code for one in came if isinstance(one, Refusal)]
    accepted = [one for one in came if not isinstance(one, Refusal)]
    return accepted, refused
