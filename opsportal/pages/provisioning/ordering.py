"""What can be ordered for a server: a new system, or another way to start it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import provisioning_labels
from opsportal.components.elements import card, status
from opsportal.components.provisioning import BootButton, ReinstallForm
from opsportal.components.text import chosen, t, t_code, t_var
from opsportal.state.shell import ShellState


def order(view: Any) -> rx.Component:
    """The form of a reinstall."""
    return card(
        ReinstallForm.create(
            owner=ShellState.me.person_id,
            server=view.server_id,
            name=view.name,
            systems=view.systems,
            disks=view.disks,
            layouts=provisioning_labels.LAYOUT,
            obstacles=provisioning_labels.LAYOUT_OBSTACLE,
            blocked=rx.cond(
                view.blocked,
                t_var(
                    chosen(view.blocked, provisioning_labels.BLOCKED, otherwise=view.blocked),
                    view.blocked_params,
                ),
                "",
            ),
        ),
        title=t("Install a system"),
    )


def checks(view: Any) -> rx.Component:
    """The pre-flight: what has to be right before anything is erased."""

    def item(check: Any) -> rx.Component:
        return rx.el.li(
            rx.el.span(t_code(check.name, provisioning_labels.CHECK)),
            status(
                check.status,
                words=provisioning_labels.CHECK_STATUS,
                tones=provisioning_labels.CHECK_TONE,
            ),
            key=check.name,
        )

    return card(
        rx.el.p(
            t("Looked at again when it starts. If one of them is not in order, nothing is erased."),
            class_name="sub card-line",
        ),
        rx.el.ul(rx.foreach(view.checks, item), class_name="list"),
        title=t("Before anything is erased"),
    )


def _way(
    view: Any, kind: str, title: Any, text: Any, label: Any, ask: Any, confirm: Any, danger: bool = False
) -> rx.Component:
    return rx.cond(
        view.boots.contains(kind),
        rx.el.li(
            rx.el.span(rx.el.span(title, class_name="strong"), rx.el.small(text)),
            BootButton.create(
                text,
                server=view.server_id,
                kind=kind,
                label=label,
                title=ask,
                confirm=confirm,
                phrase=view.name if danger else "",
                disabled=view.blocked != "",
                danger=danger,
            ),
        ),
    )


def other_ways(view: Any) -> rx.Component:
    """Rescue, memory test, wipe, boot from disk: each with what it does and what is lost."""
    return card(
        rx.el.ul(
            _way(
                view,
                "rescue",
                t("Rescue system"),
                t(
                    "Restarts into a small system in memory, to repair what does not start. Nothing on the disks is changed."
                ),
                t("Start rescue…"),
                t("Start the rescue system on {name}?", name=view.name),
                t("Restart into rescue"),
            ),
            _way(
                view,
                "memory_test",
                t("Memory test"),
                t(
                    "Restarts into a test of the memory. The server is away until you boot it from disk again."
                    " Nothing on the disks is changed."
                ),
                t("Test memory…"),
                t("Test the memory of {name}?", name=view.name),
                t("Restart into the test"),
            ),
            _way(
                view,
                "boot_disk",
                t("Boot from disk"),
                t(
                    "Restarts into the system on its disk, for instance after a rescue. Nothing on the disks is changed."
                ),
                t("Boot from disk…"),
                t("Restart {name} from its disk?", name=view.name),
                t("Restart from disk"),
            ),
            _way(
                view,
                "wipe",
                t("Wipe disks"),
                t(
                    "Restarts and erases every disk. All data and the system on it are lost for good; nothing is installed instead."
                ),
                t("Wipe…"),
                t("Wipe the disks of {name}?", name=view.name),
                t("Erase everything"),
                danger=True,
            ),
            class_name="list ways",
        ),
        title=t("Other ways to start it"),
    )
