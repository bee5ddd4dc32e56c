"""Times that keep themselves true in the browser."""

from __future__ import annotations

from typing import Any

import reflex as rx


class Ago(rx.Component):
    """How long ago an instant was; ticks without the server."""

    library = "$/portal/clock"
    tag = "Ago"

    at: rx.Var[str]
    text: rx.Var[str]


class Elapsed(rx.Component):
    """Time gone between two instants; counts on while the second is missing."""

    library = "$/portal/clock"
    tag = "Elapsed"

    since: rx.Var[str]
    until: rx.Var[str]


def ago(at: Any, *, text: str | None = None, class_name: Any = "") -> rx.Component:
    """How long ago the ISO 8601 instant `at` was; `text` is a msgid with `{ago}` in it."""
    props = {"text": text} if text else {}
    return Ago.create(at=at, class_name=class_name, **props)


def elapsed(since: Any, *, until: Any = "", class_name: Any = "num") -> rx.Component:
    """Time gone since `since`; still counting while `until` is empty."""
    return Elapsed.create(since=since, until=until, class_name=class_name)
