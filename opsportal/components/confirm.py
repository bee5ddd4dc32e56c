"""Asking before something is done, and values to copy."""

from __future__ import annotations

from typing import Any

import reflex as rx


class ConfirmButton(rx.Component):
    """A button that asks first; with `phrase` the person has to type it."""

    library = "$/portal/dialog"
    tag = "ConfirmButton"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    confirm: rx.Var[str]
    phrase: rx.Var[str]
    danger: rx.Var[bool]
    disabled: rx.Var[bool]

    on_confirm: rx.EventHandler[rx.event.no_args_event_spec]


class Copyable(rx.Component):
    """A value in fixed-width letters with a button that copies it."""

    library = "$/portal/pieces"
    tag = "Copyable"

    value: rx.Var[str]
    shown: rx.Var[str]


def confirm_button(
    label: Any,
    *inside: rx.Component,
    title: Any,
    text: Any,
    confirm: Any,
    on_confirm: Any,
    kind: str = "",
    **props: Any,
) -> rx.Component:
    """Ask before doing; `phrase=` for what cannot be undone, `danger=True` for a red button. `inside`: what else the
    dialog shows."""
    return ConfirmButton.create(
        *inside,
        label=label,
        title=title,
        text=text,
        confirm=confirm,
        on_confirm=on_confirm,
        class_name=f"btn {kind}".strip(),
        **props,
    )


def copyable(value: Any) -> rx.Component:
    return Copyable.create(value=value)
