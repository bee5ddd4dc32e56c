"""Ending the wait for a machine that is at work, with the server's name typed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.provisioning import BootButton
from opsportal.components.text import t


def stop_buttons(job: Any, *, name: Any) -> rx.Component:
    """The two ways out while `job` waits for its machine, nothing otherwise. `name`: the server's, to be typed."""
    return rx.cond(
        job.can_stop,
        rx.el.div(
            _button(
                job,
                name,
                then="power_off",
                label=t("Stop and power off…"),
                confirm=t("Stop and power off"),
                text=t(
                    "What the machine is doing is given up for good, and the server is powered off. What is on its"
                    " disks at that moment stays there, complete or not."
                ),
            ),
            _button(
                job,
                name,
                then="boot_disk",
                label=t("Stop and boot from disk…"),
                confirm=t("Stop and boot from disk"),
                text=t(
                    "What the machine is doing is given up for good, and the server is restarted from its disk. If the"
                    " disk is only half written, it will not start."
                ),
            ),
            class_name="row",
        ),
    )


def _button(job: Any, name: Any, *, then: str, label: Any, confirm: Any, text: Any) -> rx.Component:
    return BootButton.create(
        text,
        job=job.id,
        kind=then,
        label=label,
        title=t("Stop what {name} is doing?", name=name),
        confirm=confirm,
        phrase=name,
        danger=True,
    )
