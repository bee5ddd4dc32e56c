"""The declared machines are those of the database, of the diagrams and of the code."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import CheckConstraint

from opsportal.domain import lifecycle
from opsportal.domain.lifecycle import MACHINES, ImpossibleTransitionError, Machine, move
from opsportal.domain.lifecycle.__main__ import diagrams
from opsportal.models import StatusChange

DIAGRAMS = Path(__file__).resolve().parents[2] / "docs/state-machines.md"
each = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


@each
def test_states_are_those_that_the_database_allows(machine: Machine) -> None:
    checks = [c for c in machine.model.__table__.constraints if isinstance(c, CheckConstraint)]  # type: ignore[attr-defined]
    known = [str(c.sqltext) for c in checks if str(c.sqltext).startswith(f"{machine.field} IN")]
    assert [set(re.findall(r"'(\w+)'", text)) for text in known] == [set(map(str, machine.states))]


@each
def test_every_state_has_a_meaning_and_every_wait_an_end(machine: Machine) -> None:
    for name, state in machine.states.items():
        leaves = {target for source, target in machine.steps if source == name}
        assert state.meaning.endswith("."), name
        assert bool(leaves) != state.is_final, name
        assert not (state.is_final and state.way_out), name


@each
def test_steps_lead_between_declared_states_and_reach_all_of_them(machine: Machine) -> None:
    names = set(map(str, machine.states))
    assert {name for step in machine.steps for name in step} == names
    first = next(iter(machine.states))
    reached, new = {str(first)}, {str(first)}
    while new:
        new = {target for source, target in machine.steps if source in new} - reached
        reached |= new
    assert reached == names


@each
def test_every_final_state_can_be_reached_from_every_other(machine: Machine) -> None:
    """Nothing waits for ever: from anywhere some end can be reached."""
    # What has no end, like stock, comes round to where it begins.
    ends = {str(name) for name, state in machine.states.items() if state.is_final} or {
        str(next(iter(machine.states)))
    }
    leading = set(ends)
    while more := {source for source, target in machine.steps if target in leading} - leading:
        leading |= more
    assert leading == set(map(str, machine.states))


class _Unit:
    def __init__(self) -> None:
        self.added: list[Any] = []

    def add(self, row: Any) -> None:
        self.added.append(row)


@each
def test_move_takes_declared_steps_only_and_writes_each_down(machine: Machine) -> None:
    for source in map(str, machine.states):
        for target in map(str, machine.states):
            unit, row = _Unit(), SimpleNamespace(id=7, **{machine.field: source})
            if (source, target) in machine.steps:
                move(unit, machine, row, target, actor_id=3, reason="why")
                (change,) = [a for a in unit.added if isinstance(a, StatusChange)]
                written = (
                    change.machine,
                    change.object_id,
                    change.from_status,
                    change.to_status,
                    change.actor_id,
                )
                assert written == (machine.name, 7, source, target, 3)
                assert getattr(row, machine.field) == target
            else:
                with pytest.raises(ImpossibleTransitionError):
                    move(unit, machine, row, target)
                assert (unit.added, getattr(row, machine.field)) == ([], source)


def test_diagrams_are_up_to_date() -> None:
    assert DIAGRAMS.read_text() == diagrams(), (
        "run: python -m opsportal.domain.lifecycle > docs/state-machines.md"
    )


def test_every_machine_is_listed() -> None:
    areas = [
        importlib.import_module(area.name)
        for area in pkgutil.iter_modules(lifecycle.__path__, f"{lifecycle.__name__}.")
    ]
    declared = [value for area in areas for value in vars(area).values() if isinstance(value, Machine)]
    assert sorted(m.name for m in declared) == sorted(m.name for m in MACHINES)
