"""The consoles of a server in the browser: the panel that opens them."""

from __future__ import annotations

from typing import Any

import reflex as rx


class ConsolePanel(rx.Component):
    """Opens a server's serial console or screen; the programs for them are fetched when one is opened."""

    library = "$/portal/console"
    tag = "ConsolePanel"

    server: rx.Var[int]
    has_screen: rx.Var[bool]
    no_serial: rx.Var[str]
    problem: rx.Var[str]


class TemporaryAccess(rx.Component):
    """Asks for a temporary user of the BMC, and shows its password once: fetched by itself, never by Reflex."""

    library = "$/portal/bmc_access"
    tag = "TemporaryAccess"

    server: rx.Var[int]
    rows: rx.Var[list[Any]]
    problem: rx.Var[str]
    is_staff: rx.Var[bool]
    has_second_factor: rx.Var[bool]
