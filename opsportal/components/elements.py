"""Cards, tags, buttons, lists: the plain pieces that pages are made of."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.labels import Tones, Words
from opsportal.components.text import chosen, t, t_code


class A(rx.Component):
    """A link inside the portal, without a reload."""

    library = "$/portal/links"
    tag = "A"

    to: rx.Var[str]


class Moved(rx.Component):
    """Leads on to another page, for as long as the page that it stands on is the one that is open."""

    library = "$/portal/links"
    tag = "Moved"

    to: rx.Var[str]


class Saved(rx.Component):
    """A link whose answer the browser saves. (An `rx.el.a` to our own origin is a link between pages.)"""

    library = "$/portal/links"
    tag = "Saved"

    href: rx.Var[str]
    name: rx.Var[str]


class Flash(rx.Component):
    """Flashes its content once when the value it shows has changed."""

    library = "$/portal/pieces"
    tag = "Flash"

    of: rx.Var[Any]


class Greeting(rx.Component):
    """A greeting by the viewer's own clock."""

    library = "$/portal/pieces"
    tag = "Greeting"

    name: rx.Var[str]


class Agent(rx.Component):
    """Browser and system of a user agent, in words."""

    library = "$/portal/pieces"
    tag = "Agent"

    value: rx.Var[str]


class Press(rx.el.Button):
    """A button that sends an event, once however often it is pressed."""

    library = "$/portal/pieces"
    tag = "Press"


class RowMenu(rx.Component):
    """The actions of a row: `items` are {text: msgid, to} or {text: msgid, copy}."""

    library = "$/portal/pieces"
    tag = "RowMenu"

    label: rx.Var[str]
    items: rx.Var[list[dict[str, Any]]]


def link(*children: Any, to: Any, class_name: Any = "link", **props: Any) -> rx.Component:
    """A link to a page of the portal."""
    return A.create(*children, to=to, class_name=class_name, **props)


def download_link(*children: Any, href: Any, class_name: Any = "btn", **props: Any) -> rx.Component:
    """A file to be saved; `name` where the answer itself does not say one."""
    return Saved.create(*children, href=href, class_name=class_name, **props)


def tag(word: Any, tone: Any) -> rx.Component:
    """A word on its tone: ok, warn, bad, info or mute."""
    return rx.el.span(word, class_name=f"tag {tone}")


def status(code: Any, *, words: Words, tones: Tones, flash: bool = False) -> rx.Component:
    """The word for a status code, coloured; flashes once when it changes, if asked."""
    shown = tag(t_code(code, words), chosen(code, tones, otherwise="mute"))
    return Flash.create(shown, of=code, class_name="flash-round") if flash else shown


def button(*children: Any, kind: str = "", **props: Any) -> rx.Component:
    """A button that sends an event; `kind`: primary, danger, ghost, icon, or several of them."""
    props.setdefault("type", "button")
    return Press.create(*children, class_name=f"btn {kind}".strip(), **props)


def button_link(*children: Any, to: Any, kind: str = "") -> rx.Component:
    """A link that looks like a button."""
    return link(*children, to=to, class_name=f"btn {kind}".strip())


def card(*children: Any, title: Any = None, side: Any = None, class_name: str = "") -> rx.Component:
    """A surface with an optional heading and something at the right of it."""
    head = []
    if title is not None:
        head = [rx.el.div(rx.el.h2(title), side or rx.fragment(), class_name="card-head")]
    return rx.el.section(*head, *children, class_name=f"card {class_name}".strip())


def stat(label: Any, value: Any, *, to: str, note: Any = None, ready: Any = True) -> rx.Component:
    """A number that leads to the list it counts."""
    return link(
        rx.el.small(rx.el.span(label), note or rx.fragment()),
        rx.cond(ready, Flash.create(rx.el.b(value, class_name="num"), of=value), skeleton("stat-number")),
        to=to,
        class_name="card stat",
    )


def key_values(*pairs: tuple[Any, Any]) -> rx.Component:
    """Names and values, one a line."""
    rows = [rx.el.div(rx.el.dt(name), rx.el.dd(value)) for name, value in pairs]
    return rx.el.dl(*rows, class_name="kv")


def skeleton(class_name: str = "line") -> rx.Component:
    """A grey place of the final size, for what is still on its way."""
    return rx.el.span(class_name=f"skeleton {class_name}", aria_hidden="true")


def or_dash(value: Any, shown: Any = None) -> rx.Component:
    """A value, or a dash where there is none."""
    return rx.cond(
        value, value if shown is None else shown, rx.el.span("–", class_name="faint", aria_label=t("none"))
    )
