"""What stands at the top of a page: where one is, what it is called, what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from opsportal.components.elements import link
from opsportal.components.tables import QueryLink
from opsportal.components.text import t


def header(
    title: Any,
    *,
    sub: Any = None,
    crumbs: Sequence[tuple[Any, str]] = (),
    beside: Any = None,
    actions: Sequence[Any] = (),
) -> rx.Component:
    """Breadcrumb, the page's only h1 with an optional tag beside it, a line below, actions at the right."""
    path = []
    if crumbs:
        path = [
            rx.el.nav(
                *(part for text, to in crumbs for part in (link(text, to=to, class_name="crumb"), _slash())),
                rx.el.span(title, aria_current="page", class_name="truncate"),
                class_name="crumbs",
                aria_label=t("Breadcrumb"),
            )
        ]
    return rx.el.header(
        rx.el.div(
            *path,
            rx.el.div(rx.el.h1(title), beside or rx.fragment(), class_name="head-title"),
            rx.el.p(sub, class_name="sub") if sub is not None else rx.fragment(),
            class_name="head-text",
        ),
        rx.el.div(*actions, class_name="actions") if actions else rx.fragment(),
        class_name="head",
    )


def _slash() -> rx.Component:
    return rx.el.span("/", aria_hidden="true")


def tabs(label: Any, options: Sequence[tuple[str, Any]], *, param: str = "tab") -> rx.Component:
    """Tabs of one page; the open one is in the address, the first has the value ""."""
    return rx.el.nav(
        *(QueryLink.create(text, set={param: value}, class_name="tab") for value, text in options),
        class_name="tabs",
        aria_label=label,
    )
