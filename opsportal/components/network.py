"""Reverse DNS edited in place."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.state.shell import ShellState


def _typed(draft, address, ip, name):  # type: ignore[no-untyped-def]
    return (draft, address, ip, name)


class ReverseName(rx.Component):
    """A name with a button that makes it a field. `ip` empty: the address of the record is asked for, too."""

    library = "$/portal/network"
    tag = "ReverseName"

    owner: rx.Var[int]
    address: rx.Var[int]
    ip: rx.Var[str]
    name: rx.Var[str]
    network: rx.Var[str]
    hint: rx.Var[str]
    is_failed: rx.Var[bool]
    disabled: rx.Var[bool]
    answer: rx.Var[Any]

    on_save: rx.EventHandler[rx.event.passthrough_event_spec(str, int, str, str)]


def reverse_name(**props: Any) -> rx.Component:
    """A reverse record that can be changed where it stands, or added where `ip` is empty."""
    return ReverseName.create(owner=ShellState.me.person_id, **props)
