"""Empty, loading, failed, forbidden, missing: designed states of any part of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import reflex as rx

from opsportal.components.elements import button, button_link, skeleton
from opsportal.components.text import t, t_var


def empty(title: Any, text: Any, *actions: rx.Component) -> rx.Component:
    """What this place will hold, and the first thing to do."""
    return rx.el.div(
        rx.el.p(title, class_name="state-title"),
        rx.el.p(text, class_name="sub"),
        rx.el.div(*actions, class_name="row") if actions else rx.fragment(),
        class_name="state",
    )


def lines(count: int, class_name: str = "line") -> rx.Component:
    """A skeleton of text."""
    return rx.el.div(*(skeleton(class_name) for _ in range(count)), class_name="skeletons", aria_busy="true")


def problem(view: Any, *, retry: Any) -> rx.Component:
    """A page that has no data: why, what to do, and the id under which it is in the log."""
    return rx.match(
        view.code,
        (
            "not_found",
            _plain(t("Nothing here"), t_var(view.msgid), button_link(t("Go to the dashboard"), to="/")),
        ),
        (
            "forbidden",
            _plain(t("Not for your role"), t_var(view.msgid), button_link(t("Go to the dashboard"), to="/")),
        ),
        _plain(
            t("This could not be loaded"),
            t_var(view.msgid),
            button(t("Try again"), kind="primary", on_click=retry),
            error_id=view.error_id,
        ),
    )


def _plain(title: Any, text: Any, *actions: rx.Component, error_id: Any = None) -> rx.Component:
    return rx.el.div(
        rx.el.p(class_name="plain-mark", aria_hidden="true"),
        rx.el.h1(title),
        rx.el.p(text, class_name="sub"),
        rx.el.div(*actions, class_name="row"),
        rx.fragment()
        if error_id is None
        else rx.cond(error_id, rx.el.p(t("Error id"), " ", rx.el.code(error_id), class_name="sub")),
        class_name="plain-page",
        role="alert",
    )


def page_body(
    *,
    problem_view: Any,
    ready: Any,
    content: Any,
    loading: rx.Component,
    retry: Any,
    top: Sequence[rx.Component] = (),
) -> rx.Component:
    """The one of three that applies: a problem instead of everything, or below `top` the content or its skeleton."""
    return rx.cond(
        problem_view.code,
        problem(problem_view, retry=retry),
        rx.fragment(*top, rx.cond(ready, content, loading)),
    )


def part(problem_view: Any, *, ready: Any, content: Any, loading: rx.Component) -> rx.Component:
    """A part of a page that loads, fails and renews itself apart from the rest, such as a tab."""
    return rx.cond(
        problem_view.code,
        rx.el.section(
            rx.el.p(
                t_var(problem_view.msgid, {"error_id": problem_view.error_id}),
                class_name="refusal",
                role="alert",
            ),
            class_name="card",
        ),
        rx.cond(ready, content, loading),
    )
