"""Lists: a table whose rows keep their place, with skeleton, empty state, filters and pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from opsportal.components.elements import skeleton
from opsportal.components.text import t


class QueryLink(rx.Component):
    """A link that sets query parameters of this page. `initial`: what the absence of one means."""

    library = "$/portal/links"
    tag = "QueryLink"

    set: rx.Var[dict[str, Any]]
    initial: rx.Var[dict[str, Any]]


class SearchField(rx.Component):
    """A search box whose text lives in the address."""

    library = "$/portal/links"
    tag = "SearchField"

    param: rx.Var[str]
    label: rx.Var[str]


class Pages(rx.Component):
    """Previous and next, with the page in the address."""

    library = "$/portal/links"
    tag = "Pages"

    page: rx.Var[int]
    pages: rx.Var[int]
    label: rx.Var[str]
    previous: rx.Var[str]
    next: rx.Var[str]


@dataclass(frozen=True)
class Column:
    """A column: its heading, how a row fills it, and on which screens it is shown.

    `show`: always, wide (not on a phone) or widest (only beside a lot of room).
    """

    title: Any
    cell: Callable[[Any], Any]
    right: bool = False
    show: str = "always"

    @property
    def class_name(self) -> str:
        classes = [*(("r",) if self.right else ()), *((f"on-{self.show}",) if self.show != "always" else ())]
        return " ".join(classes)


def table(
    columns: Sequence[Column],
    rows: Any,
    *,
    key: Callable[[Any], Any],
    label: Any,
    ready: Any = True,
    empty: rx.Component | None = None,
    expected: int = 6,
    stacked: bool = True,
) -> rx.Component:
    """Rows of a list Var. While not `ready`, a skeleton of `expected` rows; with no rows, `empty`.

    On a phone a row is a block of its own unless `stacked` is False.
    """
    head = rx.el.thead(rx.el.tr(*(rx.el.th(c.title, class_name=c.class_name, scope="col") for c in columns)))

    def row(item: Any) -> rx.Component:
        return rx.el.tr(*(rx.el.td(c.cell(item), class_name=c.class_name) for c in columns), key=key(item))

    waiting = rx.el.tbody(
        *(
            rx.el.tr(*(rx.el.td(skeleton("cell"), class_name=c.class_name) for c in columns))
            for _ in range(expected)
        ),
        aria_busy="true",
    )
    full = rx.el.table(head, rx.el.tbody(rx.foreach(rows, row)), aria_label=label)
    loaded = full if empty is None else rx.cond(rows.length() > 0, full, empty)
    return rx.el.div(
        rx.cond(ready, loaded, rx.el.table(head, waiting, aria_label=label)),
        class_name="table stacked" if stacked else "table",
    )


def chips(label: Any, param: str, options: Sequence[tuple[str, Any]]) -> rx.Component:
    """Filter chips that set one query parameter; the value "" is "all"."""
    return rx.el.nav(
        *(QueryLink.create(text, set={param: value}, class_name="chip") for value, text in options),
        class_name="chips",
        aria_label=label,
    )


def search_field(label: Any, *, param: str = "q") -> rx.Component:
    return SearchField.create(label=label, param=param)


def pages(view: Any) -> rx.Component:
    """Page numbers of a list view with `page` and `pages`."""
    return Pages.create(
        page=view.page, pages=view.pages, label=t("Pages"), previous=t("Previous page"), next=t("Next page")
    )
