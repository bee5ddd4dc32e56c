"""Searches a management network for BMCs. Runs in a work horse of the `hardware` queue."""

from __future__ import annotations

import structlog

from bmc.discovery import Door, Found, knock
from bmc.discovery.finding import PATIENCE_S
from opsportal.db import unit_of_work
from opsportal.domain.inventory import discovery
from opsportal.domain.inventory.discovery import Answer, Place

log = structlog.get_logger("discovery")
AT_ONCE = 32
"""Doors that are waited for at the same time: a network of 254 silent addresses takes a minute."""
patience_s = PATIENCE_S


def run(sweep_id: int) -> None:
    """Knock at every door of a search, once; what is found shows on the page as it comes."""
    with unit_of_work() as unit:
        places = discovery.begin(unit, sweep_id)
    found = 0
    for begun in range(0, len(places), AT_ONCE):
        batch = places[begun : begun + AT_ONCE]
        doors = [Door(place.kind, place.host, place.port) for place in batch]
        answers = [_answer(one) for one in knock(doors, patience_s=patience_s) if one is not None]
        found += len(answers)
        with unit_of_work() as unit:
            goes_on = discovery.keep(unit, sweep_id, answers, knocked=begun + len(batch))
        if not goes_on:
            break
    log.info("searched", sweep=sweep_id, doors=len(places), found=found)


def _answer(found: Found) -> Answer:
    door = found.door
    return Answer(Place(door.kind, door.host, door.port), dict(found.facts), found.fingerprint)
