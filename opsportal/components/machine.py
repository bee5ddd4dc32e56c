"""The browser's parts of a server's cards. Passwords never pass through Reflex: `SignIns` fetches each by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx


def _reason(reason: rx.Var[str], chosen: rx.Var[bool]) -> list[rx.Var[Any]]:
    return [reason, chosen]


def _text(text: rx.Var[str]) -> list[rx.Var[str]]:
    return [text]


class ReasonButton(rx.Component):
    """A button that asks why, and perhaps for an option; children stand in its dialog."""

    library = "$/portal/machine"
    tag = "ReasonButton"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    confirm: rx.Var[str]
    reason_label: rx.Var[str]
    option: rx.Var[str]
    danger: rx.Var[bool]
    disabled: rx.Var[bool]

    on_confirm: rx.EventHandler[_reason]
    """Receives the reason and whether the option was chosen."""


class Description(rx.Component):
    """A text that is edited in place."""

    library = "$/portal/machine"
    tag = "Description"

    text: rx.Var[str]
    editable: rx.Var[bool]

    on_save: rx.EventHandler[_text]


class SignIns(rx.Component):
    """Sign-in data, masked, with what reveals, adds and removes entries."""

    library = "$/portal/machine"
    tag = "SignIns"

    entries: rx.Var[list[Any]]
    server_id: rx.Var[int]
    has_second_factor: rx.Var[bool]
