"""Finding anything of the data centre by what stands on it: name, number, address, MAC, serial number, label, model.

A kind of thing is a line of KINDS: who may look for it, and how it is found. Each question is bounded and answered by
an index (migration 0021): whole values, or beginnings.
"""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.inventory.search import hall, machines
from opsportal.domain.inventory.search.hits import Finder, Hit, Wanted

KINDS: tuple[tuple[Permission, Finder], ...] = (
    (Permission.SERVER_VIEW, machines.servers),
    (Permission.SERVER_VIEW, machines.jobs),
    (Permission.SERVER_VIEW, machines.names),
    (Permission.POLLERS_VIEW, machines.cables),
    (Permission.FLEET_VIEW, hall.parts),
    (Permission.FLEET_VIEW, hall.racks),
    (Permission.FLEET_VIEW, hall.sites),
    (Permission.FLEET_VIEW, hall.orders),
    (Permission.FLEET_VIEW, machines.arrived),
    (Permission.FLEET_VIEW, hall.sightings),
    (Permission.NETWORK_MANAGE, hall.prefixes),
    (Permission.POLLERS_VIEW, hall.switches),
    (Permission.POLLERS_VIEW, hall.ports),
    (Permission.SERVICES_MANAGE, hall.services),
)
"""In the order in which they are shown. What a client is let look for it finds only among what is its company's."""


def find(actor: Actor, unit: Unit, typed: str) -> list[Hit]:
    """What matches and the actor may see, kind by kind."""
    wanted = Wanted(" ".join(typed.lower().split()))
    if len(wanted.words) < 2:
        return []
    hits = [
        hit
        for permission, find_kind in KINDS
        if actor.may(permission)
        for hit in find_kind(actor, unit, wanted)
    ]
    return list(dict.fromkeys(hits))


__all__ = ["KINDS", "Hit", "find"]
