"""Pages that need no account: signing in, and an address with nothing behind it."""

from __future__ import annotations

import reflex as rx

from opsportal.components.elements import button_link
from opsportal.components.security import SignIn
from opsportal.components.shell import plain_frame
from opsportal.components.text import t
from opsportal.pages.frame import BRAND


def sign_in_page() -> rx.Component:
    """Password, then second factor."""
    return plain_frame(SignIn.create(), brand_name=BRAND)


def not_found_page() -> rx.Component:
    """No page has this address."""
    return plain_frame(
        rx.el.div(
            rx.el.p("404", class_name="plain-number", aria_hidden="true"),
            rx.el.h1(t("There is no page here")),
            rx.el.p(t("The address may be old or mistyped. Nothing is lost."), class_name="sub"),
            rx.el.div(button_link(t("Go to the dashboard"), to="/", kind="primary"), class_name="row"),
            class_name="plain-page",
        ),
        brand_name=BRAND,
    )
