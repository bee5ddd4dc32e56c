"""Whatever a job, a step of one or an order to a port ends with, a person is told in a sentence, never by a code."""

from __future__ import annotations

import ast
import importlib
import itertools
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import bmc
import switches
import workers
from bmc.errors import ERRORS
from opsportal.components import labels
from opsportal.domain.hardware import outcome_words, reconciliation
from opsportal.models import JobKind, Power
from workers.hardware.handlers import ASKERS, HANDLERS

ROOT = Path(__file__).resolve().parents[2]
OURS = {"bmc", "switches", "workers"}
OF_JOBS = (
    "workers/hardware",
    "workers/consoles",
    "opsportal/domain/hardware",
    "opsportal/domain/provisioning",
)
OF_ORDERS = (
    "workers/port_orders.py",
    "workers/hardware/blocks.py",
    "opsportal/domain/hardware/port_orders.py",
)


def _classes(base: type[Exception]) -> Iterator[type[Exception]]:
    for kind in base.__subclasses__():
        if kind.__module__.split(".")[0] in OURS:
            yield kind
            yield from _classes(kind)


def _codes(base: type[Exception]) -> set[str]:
    """Of an error and of all that come of it, wherever they are written."""
    for found in pkgutil.walk_packages(workers.__path__, "workers."):
        importlib.import_module(found.name)
    return {base.code, *(kind.code for kind in _classes(base))}  # type: ignore[attr-defined]


@cache
def _trees(places: tuple[str, ...]) -> list[ast.Module]:
    found = [ROOT / place for place in places]
    files = [file for path in found for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))]
    return [ast.parse(file.read_text()) for file in files]


def _named(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Constants of these modules that are strings, by name."""
    return {
        target.id: node.value.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _strings(node: ast.AST, named: dict[str, str]) -> Iterator[str]:
    """The codes that an argument may stand for, as far as they are written there."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Name | ast.Attribute):
        name = node.id if isinstance(node, ast.Name) else node.attr
        if name in named:
            yield named[name]
    elif isinstance(node, ast.IfExp):
        yield from (*_strings(node.body, named), *_strings(node.orelse, named))


def _calls(trees: Iterable[ast.Module]) -> Iterator[tuple[str, ast.Call]]:
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Call):
            called = node.func
            yield getattr(called, "id", getattr(called, "attr", "")), node


def _by_keyword(trees: list[ast.Module], keyword: str) -> set[str]:
    named = _named(trees)
    return {
        code
        for _, call in _calls(trees)
        for given in call.keywords
        if given.arg == keyword
        for code in _strings(given.value, named)
    } - {""}


def _by_place(trees: list[ast.Module], called: set[str], place: int) -> set[str]:
    named = _named(trees)
    return {
        code
        for name, call in _calls(trees)
        if name in called and len(call.args) > place
        for code in _strings(call.args[place], named)
    } - {""}


def test_every_outcome_has_a_sentence() -> None:
    resolved = {
        reconciliation.resolve(kind, power, was_verified_off=was_off, may_resume=may).outcome_code
        for kind, power, was_off, may in itertools.product(
            JobKind, (Power.ON, Power.OFF), (True, False), (True, False)
        )
    }
    trees = _trees(OF_JOBS)
    written = _by_keyword(trees, "outcome_code") | _by_place(trees, {"Resolution"}, 1)
    assert {"verified", "never_answered", "waited_too_long", "cancelled", "internal", "stopped"} <= written
    broken_off = {f"{kind}_interrupted" for kind in set(HANDLERS) - set(ASKERS) - set(reconciliation.RULES)}
    errors = _codes(bmc.BmcError) | _codes(switches.SwitchError)
    assert {"switch_port_down", "bmc_outside_networks", "blocked_in_part", *ERRORS} <= errors
    assert (resolved | written | broken_off | errors) - set(labels.OUTCOME) == set()
    assert all(text.endswith(".") for text in labels.OUTCOME.values())


def test_every_note_of_a_step_has_a_sentence() -> None:
    """A step that fails keeps the error's code; one that was not needed says why."""
    notes = _by_keyword(_trees(OF_JOBS), "note_code") | {f"was_{goal}" for goal in bmc.PowerGoal}
    assert {"went_by_itself", "cannot_ask", "sent_before"} <= notes
    assert (notes | _codes(bmc.BmcError)) - set(labels.STEP_NOTE) == set()
    assert all(text.endswith(".") for text in labels.STEP_NOTE.values())


def test_every_outcome_of_an_order_to_a_port_has_a_sentence() -> None:
    trees = _trees(OF_ORDERS)
    written = _by_place(trees, {"end", "_end", "close_orders"}, 3) - {"verified"}
    assert {"never_answered", "not_carried_out", "switch_port_moved"} <= written
    assert (written | _codes(switches.SwitchError)) - set(outcome_words.PORT_OUTCOME) == set()
