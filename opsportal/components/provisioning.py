"""Reinstalling in the browser: the order, the serial log, and the password that is shown once."""

from __future__ import annotations

from typing import Any

import reflex as rx


class ReinstallForm(rx.Component):
    """The order of a new system, with its typed confirmation. Sent by plain HTTP."""

    library = "$/portal/reinstall"
    tag = "ReinstallForm"

    owner: rx.Var[int]
    server: rx.Var[int]
    name: rx.Var[str]
    systems: rx.Var[list[Any]]
    disks: rx.Var[list[Any]]
    layouts: rx.Var[dict[str, str]]
    obstacles: rx.Var[dict[str, str]]
    blocked: rx.Var[str]


class BootButton(rx.Component):
    """Another way to start a server, or with `job` the end of what its machine is at.

    Its children say what that does and loses.
    """

    library = "$/portal/reinstall_boot"
    tag = "BootButton"

    server: rx.Var[int]
    job: rx.Var[int]
    kind: rx.Var[str]
    label: rx.Var[str]
    title: rx.Var[str]
    confirm: rx.Var[str]
    phrase: rx.Var[str]
    disabled: rx.Var[bool]
    danger: rx.Var[bool]


class InstallAgain(rx.Component):
    """Fills the form on this page with what an earlier job has installed; the password will be a new one."""

    library = "$/portal/reinstall_again"
    tag = "InstallAgain"

    server: rx.Var[int]
    job: rx.Var[int]
    disabled: rx.Var[bool]


class QuickReinstall(rx.Component):
    """A reinstall with nothing to choose but the system, for the aisle."""

    library = "$/portal/reinstall_boot"
    tag = "QuickReinstall"

    server: rx.Var[int]
    name: rx.Var[str]
    systems: rx.Var[list[Any]]
    disks: rx.Var[list[Any]]
    layouts: rx.Var[dict[str, str]]
    disabled: rx.Var[bool]


class PasswordOnce(rx.Component):
    """The password of a job, in the browser that ordered it."""

    library = "$/portal/password"
    tag = "PasswordOnce"

    job: rx.Var[int]


class SerialLog(rx.Component):
    """A job's serial log, growing."""

    library = "$/portal/serial"
    tag = "SerialLog"

    job: rx.Var[int]
    size: rx.Var[int]
    active: rx.Var[bool]
    label: rx.Var[str]
