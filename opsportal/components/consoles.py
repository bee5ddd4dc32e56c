"""The consoles of a server in the browser: the panel that opens them."""

from __future__ import annotations

import reflex as rx


class ConsolePanel(rx.Component):
    """Opens a server's serial console or screen; the programs for them are fetched when one is opened."""

    library = "$/portal/console"
    tag = "ConsolePanel"

    server: rx.Var[int]
    has_screen: rx.Var[bool]
    problem: rx.Var[str]
