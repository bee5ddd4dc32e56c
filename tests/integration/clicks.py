"""Many people clicking at the same moment."""

from __future__ import annotations

import threading

from opsportal.db import unit_of_work
from opsportal.domain.hardware import power
from opsportal.domain.refusals import Refusal
from opsportal.models import JobKind, Server
from tests.builders import make_actor, make_company, make_service
from tests.stock import hand_over


def click_at_once(server: Server, *, people: int) -> tuple[list[int], list[str]]:
    """`people` of one company switch the server off at once: the jobs that got in, the refusals' codes."""
    company = make_company()
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, make_service(company).id)
    actors = [make_actor(company=company) for _ in range(people)]
    start = threading.Barrier(people)
    accepted: list[int] = []
    refused: list[str] = []

    def click(actor: object) -> None:
        start.wait()
        try:
            with unit_of_work() as unit:
                job = power.request_power(unit, actor, server.id or 0, kind=JobKind.POWER_OFF)  # type: ignore[arg-type]
            accepted.append(job.id or 0)
        except Refusal as refusal:
            refused.append(refusal.code)

    threads = [threading.Thread(target=click, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return accepted, refused
