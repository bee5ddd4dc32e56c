"""The browser's part of switches on record: secrets go by plain HTTP, never through Reflex."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.domain.traffic.snmp_access import AUTH_PROTOCOLS, PRIV_PROTOCOLS

LIBRARY = "$/portal/switches"


class SwitchRecord(rx.Component):
    """A button with the form that adds a switch, or corrects the one of `record`."""

    library = LIBRARY
    tag = "SwitchRecord"

    label: rx.Var[str]
    record: rx.Var[Any]
    auth_protocols: rx.Var[list[str]]
    priv_protocols: rx.Var[list[str]]
    has_second_factor: rx.Var[bool]


class WriteAccess(rx.Component):
    """A button that asks for a write community or an SNMPv3 user of a switch."""

    library = LIBRARY
    tag = "WriteAccess"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    switch_id: rx.Var[int]
    auth_protocols: rx.Var[list[str]]
    priv_protocols: rx.Var[list[str]]
    has_second_factor: rx.Var[bool]


def with_protocols(kind: type[rx.Component], **props: Any) -> rx.Component:
    """One of these, with what it needs from the portal and its viewer."""
    from opsportal.state.shell import ShellState

    return kind.create(
        auth_protocols=list(AUTH_PROTOCOLS),
        priv_protocols=list(PRIV_PROTOCOLS),
        has_second_factor=ShellState.me.has_second_factor,
        **props,
    )
