"""What is easy to break and no import rule sees."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import NoneType

import pytest
import reflex as rx

import opsportal.state

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(opsportal.state.__path__, "opsportal.state.")
]
VIEWS = [module for module in MODULES if module.__name__.endswith("views")]
STATES = [
    value
    for module in MODULES
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, rx.State) and value.__module__ == module.__name__
]
each_state = pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
SECRET = re.compile(r"pass(word|wd)|secret|token|cookie|totp_|code_hash|credential|private", re.IGNORECASE)
PRIMITIVE = (str, int, bool, NoneType)  # None: nothing was measured, which is not zero


def _sources(*folders: str, naming: str) -> Iterator[tuple[Path, ast.Module]]:
    """Every file in which this name stands: in the others nothing of that name can be called or assigned."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if naming in text:
                yield path, ast.parse(text)


def _calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
            yield node


@pytest.mark.parametrize("name", ["commit", "rollback"])
def test_only_the_unit_of_work_ends_transactions(name: str) -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for path, tree in _sources("opsportal", "workers", naming=name)
        if any(_calls(tree, name))
    }
    assert found <= {"opsportal/db.py"}


def test_only_the_state_machine_changes_a_status() -> None:
    """`move` writes history; an assignment would not."""
    found = []
    for name in ("status", "stage"):
        for path, tree in _sources("opsportal", "workers", naming=name):
            for node in ast.walk(tree):
                targets = node.targets if isinstance(node, ast.Assign) else []
                for target in targets:
                    if isinstance(target, ast.Attribute) and target.attr == name:
                        on = ast.unparse(target.value)
                        if on not in ("self", "step"):  # a State's var; a step has no machine
                            found.append(f"{path.relative_to(ROOT)}: {on}.{target.attr}")
    assert found == []


def _parts(kind: object) -> Iterator[object]:
    """What a type is made of, without the lists, dicts and unions around it."""
    parts = typing.get_args(kind)
    for part in parts:
        yield from _parts(part)
    if not parts:
        yield kind


@each_state
def test_vars_are_views_or_plain_values(state: type[rx.State]) -> None:
    """A table row in a State would go to the browser with all its columns."""
    for name, kind in typing.get_type_hints(state).items():
        if name in state.__annotations__:
            for part in _parts(kind):
                is_view = getattr(part, "__module__", "") in {module.__name__ for module in VIEWS}
                assert is_view or part in PRIMITIVE, (name, part)


def _view_types() -> list[type]:
    return [
        value
        for module in VIEWS
        for value in vars(module).values()
        if dataclasses.is_dataclass(value) and isinstance(value, type)
    ]


@pytest.mark.parametrize("view", _view_types(), ids=lambda view: view.__name__)
def test_views_are_frozen_plain_and_without_secrets(view: type) -> None:
    assert view.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for name, kind in typing.get_type_hints(view).items():
        assert not SECRET.search(name), name
        for part in _parts(kind):
            is_view = getattr(part, "__module__", "") in {module.__name__ for module in VIEWS}
            assert is_view or part in PRIMITIVE, (name, part)


@each_state
def test_no_var_is_named_like_a_secret(state: type[rx.State]) -> None:
    assert [name for name in state.base_vars if SECRET.search(name)] == []


@each_state
def test_every_public_method_is_declared_and_typed(state: type[rx.State]) -> None:
    for name, handler in state.event_handlers.items():
        if handler.fn.__module__.startswith("opsportal") and not name.startswith("_"):
            assert hasattr(handler.fn, "portal_permission"), name
            fields = handler.fn.portal_payload.model_fields
            assert all(field.annotation is not typing.Any for field in fields.values()), name


@each_state
def test_nothing_is_computed_during_hydration(state: type[rx.State]) -> None:
    """Computed vars run for everybody who connects, signed in or not."""
    own = {name for name, var in state.computed_vars.items() if name in vars(state)}
    assert own == set()


def test_raw_html_and_markdown_are_not_used() -> None:
    found = [
        path.name
        for name in ("html", "markdown", "upload", "Cookie", "LocalStorage", "SessionStorage")
        for path, tree in _sources("opsportal", naming=name)
        for call in _calls(tree, name)
        if ast.unparse(call.func).startswith("rx.") and not ast.unparse(call.func).startswith("rx.el.")
    ]
    assert found == []


def test_an_event_leads_only_to_the_sign_in() -> None:
    """A redirect reaches a tab wherever it is by then: a page that leads on does it itself (`Moved`)."""
    found = {
        path.name: [ast.unparse(argument) for argument in call.args]
        for path, tree in _sources("opsportal/state", naming="redirect")
        for call in _calls(tree, "redirect")
        if ast.unparse(call.func) == "rx.redirect"
    }
    assert found == {"guard.py": ["sign_in_address(path)"], "account.py": ["'/sign-in'"]}


def test_secrets_never_enter_an_event() -> None:
    """Passwords and codes travel over plain HTTP only: no handler takes anything named like one."""
    for state in STATES:
        for name, handler in state.event_handlers.items():
            model = getattr(handler.fn, "portal_payload", None)
            fields = model.model_fields if model else ()
            assert [field for field in fields if SECRET.search(field) or field == "code"] == [], name
