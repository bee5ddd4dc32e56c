"""A cable between a server and a switch port, from either end: plugged in, moved, pulled."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.confirm import confirm_button
from opsportal.components.elements import tag
from opsportal.components.inventory import ask, field
from opsportal.components.text import moment, t
from opsportal.state.inventory.wiring import WiringState


def plug_in(far_end: dict[str, Any], *, title: Any, on_done: Any, about: str, subject: Any) -> rx.Component:
    """Asks for what is at the cable's other end."""
    return ask(
        t("Plug in"),
        title=title,
        text=t("From now on. Its traffic counts for the service that the server serves."),
        state=WiringState,
        on_done=on_done,
        about=about,
        subject=subject,
        kind="ghost",
        fields=[
            far_end,
            field(
                "nic",
                t("Network card"),
                max=40,
                optional=True,
                hint=t("Which of the server's: eno1, for example."),
            ),
        ],
    )


def cable_actions(port_id: Any, port: Any, server: Any) -> rx.Component:
    """What can be done about a cable that is there."""
    move = ask(
        t("Move"),
        title=t("Move the cable of {server}", server=server),
        confirm=t("Move the cable"),
        text=t(
            "From now on it is on the other port. What was counted stays with the service that it was counted for."
        ),
        state=WiringState,
        on_done=WiringState.move,
        about="cable-move",
        subject=port_id,
        kind="ghost",
        fields=[
            field("port", t("To port"), "port", max=100, hint=t("Switch and port, such as sw-01 ge-0/0/7."))
        ],
    )
    unplug = confirm_button(
        t("Unplug"),
        title=t("Unplug {server} from {port}?", server=server, port=port),
        text=t(
            "Only the record changes: its traffic is not counted from now on, and it cannot be blocked here."
        ),
        confirm=t("Unplug"),
        on_confirm=WiringState.unplug(port_id),
        kind="ghost",
    )
    return rx.el.div(move, unplug, class_name="row port-actions left")


def until(one: Any) -> rx.Component:
    """When a cable was pulled, if it was."""
    return rx.cond(one.until, moment(one.until), tag(t("There now"), "ok"))
