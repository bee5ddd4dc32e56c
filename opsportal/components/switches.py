"""The browser's part of write access to switches: secrets go by plain HTTP, never through Reflex."""

from __future__ import annotations

import reflex as rx


class WriteAccess(rx.Component):
    """A button that asks for a write community or an SNMPv3 user of a switch."""

    library = "$/portal/switches"
    tag = "WriteAccess"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    switch_id: rx.Var[int]
    auth_protocols: rx.Var[list[str]]
    priv_protocols: rx.Var[list[str]]
