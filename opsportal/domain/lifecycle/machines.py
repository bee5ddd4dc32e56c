"""What a state machine is, and the one function that changes a status."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from opsportal.models import StatusChange


@dataclass(frozen=True)
class State:
    """What a status means; for one that waits, what ends the wait."""

    meaning: str
    way_out: str = ""
    is_final: bool = False


@dataclass(frozen=True)
class Machine:
    """A table of states and the steps between them."""

    name: str
    model: type
    field: str
    states: dict[str, State]
    steps: frozenset[tuple[str, str]]

    def allows(self, current: str, target: str) -> bool:
        return (current, target) in self.steps


class ImpossibleTransitionError(Exception):
    """Code asked for a step that the declared machine does not have: a bug, never a user's fault."""

    def __init__(self, machine: str, current: str, target: str) -> None:
        super().__init__(f"{machine}: {current} -> {target} is not declared")


def steps(*chains: str) -> frozenset[tuple[str, str]]:
    """The steps of chains such as "asked ready gone": asked to ready, ready to gone."""
    pairs: set[tuple[str, str]] = set()
    for chain in chains:
        names = chain.split()
        pairs.update(itertools.pairwise(names))
    return frozenset(pairs)


def move(
    unit: Any, machine: Machine, row: Any, target: str, *, actor_id: int | None = None, reason: str = ""
) -> None:
    """Take one declared step and write it to the history.

    The caller holds the row's lock (`SELECT … FOR UPDATE`). Raises `ImpossibleTransitionError`
    for a step that is not in the table.
    """
    current = getattr(row, machine.field)
    if not machine.allows(current, target):
        raise ImpossibleTransitionError(machine.name, current, target)
    setattr(row, machine.field, str(target))
    unit.add(row)
    unit.add(
        StatusChange(
            machine=machine.name,
            object_id=row.id,
            from_status=str(current),
            to_status=str(target),
            actor_id=actor_id,
            reason=reason,
        )
    )
