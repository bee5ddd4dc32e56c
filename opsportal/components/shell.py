"""The frame of every signed-in page: top bar, left menu, ⌘K, notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from opsportal.components.elements import link
from opsportal.components.text import t


class NavItem(rx.Component):
    """A link of the left menu, marked while its page is open."""

    library = "$/portal/links"
    tag = "NavItem"

    to: rx.Var[str]
    label: rx.Var[str]
    count: rx.Var[Any]
    also: rx.Var[str]
    exact: rx.Var[bool]


class Side(rx.Component):
    """The left menu; a drawer on a narrow screen."""

    library = "$/portal/drawer"
    tag = "Side"


class DrawerButton(rx.Component):
    library = "$/portal/drawer"
    tag = "DrawerButton"


class Live(rx.Component):
    """Connected, reconnecting, or how long the page has been out of date."""

    library = "$/portal/live"
    tag = "Live"


class Avatar(rx.Component):
    """The menu behind the avatar."""

    library = "$/portal/avatar"
    tag = "Avatar"

    name: rx.Var[str]
    email: rx.Var[str]
    locale: rx.Var[str]
    sign_out_url: rx.Var[str]

    on_locale: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class Preferences(rx.Component):
    """Language and theme for pages without an account."""

    library = "$/portal/avatar"
    tag = "Preferences"


class Palette(rx.Component):
    """⌘K: pages at once, servers and services by searching."""

    library = "$/portal/palette"
    tag = "Palette"

    pages: rx.Var[list[dict[str, str]]]
    hits: rx.Var[list[Any]]
    query: rx.Var[str]

    on_search: rx.EventHandler[rx.event.passthrough_event_spec(str)]


class PaletteButton(rx.Component):
    library = "$/portal/palette"
    tag = "PaletteButton"


class Notices(rx.Component):
    """Short messages, each shown once."""

    library = "$/portal/notices"
    tag = "Notices"

    notice: rx.Var[Any]


class Arrival(rx.Component):
    """Moves the focus to the content after a link to another page."""

    library = "$/portal/links"
    tag = "Arrival"


@dataclass(frozen=True)
class Item:
    """An entry of the left menu. `also`: pages below this path mark it too. `exact`: those below its own do not."""

    label: Any
    to: str
    count: Any = None
    also: str = ""
    exact: bool = False


@dataclass(frozen=True)
class Group:
    """A headed part of the left menu."""

    title: Any
    items: Sequence[Item]


def menu(groups: Sequence[Group]) -> rx.Component:
    """The entries of the left menu."""
    return rx.fragment(*(part for group in groups for part in _group(group)))


def _group(group: Group) -> Sequence[rx.Component]:
    heading = [] if group.title is None else [rx.el.h2(group.title, class_name="nav-title")]
    items = (
        NavItem.create(
            to=item.to,
            label=item.label,
            exact=item.exact,
            **({} if item.count is None else {"count": item.count}),
            **({"also": item.also} if item.also else {}),
        )
        for item in group.items
    )
    return [*heading, *items]


def brand(name: str) -> rx.Component:
    return link(
        rx.el.span(class_name="mark", aria_hidden="true"), rx.el.span(name), to="/", class_name="brand"
    )


def frame(
    content: rx.Component,
    *,
    brand_name: str,
    company: Any,
    strip: rx.Component,
    side: rx.Component,
    avatar: rx.Component,
    palette: rx.Component,
    notices: rx.Component,
    alarms: rx.Component | None = None,
) -> rx.Component:
    """Everything around a signed-in page."""
    return rx.el.div(
        rx.el.a(t("Skip to the content"), href="#main", class_name="skip"),
        rx.el.header(
            DrawerButton.create(),
            brand(brand_name),
            rx.el.span(company, class_name="company truncate"),
            strip,
            rx.el.span(class_name="grow"),
            Live.create(),
            PaletteButton.create(),
            avatar,
            class_name="top",
        ),
        Side.create(side),
        rx.el.main(alarms or rx.fragment(), content, id="main", class_name="main", tab_index=-1),
        palette,
        notices,
        Arrival.create(),
        class_name="app",
    )


def plain_frame(*content: Any, brand_name: str) -> rx.Component:
    """A page without an account: the brand, one panel, language and theme."""
    return rx.el.div(
        rx.el.header(brand(brand_name), class_name="plain-top"),
        rx.el.main(*content, id="main", class_name="plain-main", tab_index=-1),
        rx.el.footer(Preferences.create(), class_name="plain-foot"),
        class_name="plain",
    )
