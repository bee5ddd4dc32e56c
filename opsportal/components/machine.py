"""The browser's parts of a server's cards. Passwords never pass through Reflex: `SignIns` fetches each by itself."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels, machine_labels
from opsportal.components.text import t, t_code, time

_WHY = {**labels.OUTCOME, **machine_labels.PARTIAL}


def light(view: Any) -> rx.Component:
    """What became of the newest click on the identify light: of a view with `light`, `light_until`, `light_code`."""
    return rx.match(
        view.light,
        ("asking", rx.el.p(t("The light is being switched on …"), class_name="sub", role="status")),
        (
            "lit",
            rx.el.p(
                t("The light blinks until {time}.", time=time(view.light_until)),
                class_name="outcome info lit",
                role="status",
            ),
        ),
        (
            "failed",
            rx.el.p(
                t("The light was not switched on."),
                " ",
                t_code(view.light_code, _WHY),
                class_name="outcome warn",
            ),
        ),
        rx.fragment(),
    )


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
