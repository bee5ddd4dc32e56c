"""The buttons of a server's power: what takes it away asks first, and says what follows."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button
from opsportal.components.text import t
from opsportal.state.server import ServerState


def switch_on(server: Any, blocked: Any, *, kind: str = "") -> rx.Component:
    return button(
        t("Power on"), kind=kind, on_click=ServerState.switch(server.id, "power_on"), disabled=blocked
    )


def switch_off(server: Any, blocked: Any) -> rx.Component:
    return confirm_button(
        t("Power off"),
        title=t("Power off {name}?", name=server.name),
        text=t(
            "The server loses power at once, like pulling the cord: programs on it are not asked to finish. Data on its disks stays."
        ),
        confirm=t("Power off"),
        on_confirm=ServerState.switch(server.id, "power_off"),
        danger=True,
        kind="danger",
        disabled=blocked,
    )


def shut_down(server: Any, blocked: Any) -> rx.Component:
    return confirm_button(
        t("Shut down"),
        title=t("Shut down {name}?", name=server.name),
        text=t(
            "The operating system is asked to end its programs. If the server is still on after a minute, its power is taken away."
        ),
        confirm=t("Shut down"),
        on_confirm=ServerState.switch(server.id, "shutdown"),
        disabled=blocked,
    )


def restart(server: Any, blocked: Any) -> rx.Component:
    return confirm_button(
        t("Reboot"),
        title=t("Reboot {name}?", name=server.name),
        text=t(
            "The server is switched off and on again. Its services are away for some minutes. Data on its disks stays."
        ),
        confirm=t("Reboot"),
        on_confirm=ServerState.switch(server.id, "reboot"),
        disabled=blocked,
    )
