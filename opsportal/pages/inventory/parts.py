"""Parts in servers and in the store."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components.clock import ago
from opsportal.components.elements import card, link, or_dash, skeleton, status
from opsportal.components.headers import header
from opsportal.components.inventory import ask, field, options
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.inventory.parts import PartsState
from opsportal.state.inventory.work import PlacesWorkState


def _name(part: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(rx.cond(part.model, part.model, t_code(part.kind, words.PART)), class_name="strong"),
        rx.el.small(
            rx.cond(part.serial, part.serial, part.wwn),
            rx.cond(part.firmware, rx.fragment(" · ", t("firmware {version}", version=part.firmware)), ""),
            class_name="mono",
        ),
    )


def _where(part: Any) -> rx.Component:
    return or_dash(
        part.server_id > 0,
        rx.el.div(
            link(part.server, to=f"/stock/{part.server_id}", class_name="row-link"), rx.el.small(part.slot)
        ),
    )


def _change(part: Any) -> rx.Component:
    """Into a server, or out of one."""
    out = {code: words.PART_STATUS[code] for code in ("spare", "broken", "retired")}
    take_out = ask(
        rx.cond(part.server_id > 0, t("Take out"), t("Change")),
        title=part.model,
        confirm=t("Save"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.take_out,
        about="take-out",
        subject=part.id,
        kind="ghost",
        fields=[
            field("status", t("It is now"), "words", options=options(out)),
            field("note", t("Note"), optional=True),
        ],
    )
    correct = ask(
        t("Correct"),
        title=part.model,
        confirm=t("Save"),
        text=t("An inspection that says something else shows the difference on the machine's page."),
        state=PlacesWorkState,
        on_done=PlacesWorkState.change_part,
        about="part-change",
        subject=part.id,
        kind="ghost",
        fields=[
            field("serial", t("Serial number"), max=60, initial=part.serial),
            field("model", t("Model"), max=60, initial=part.model),
            field("note", t("Note"), optional=True, initial=part.note),
        ],
    )
    install = ask(
        t("Install"),
        title=part.model,
        state=PlacesWorkState,
        on_done=PlacesWorkState.install,
        about="install",
        subject=part.id,
        kind="ghost",
        fields=[
            field("server", t("Server"), "server", hint=t("Its name, or what is on its label.")),
            field("slot", t("Slot"), optional=True),
        ],
    )
    return rx.el.div(
        rx.cond(part.status == "spare", install), correct, take_out, class_name="row port-actions"
    )


_COLUMNS = (
    Column(t("Part"), _name),
    Column(t("Kind"), lambda p: t_code(p.kind, words.PART), show="wide"),
    Column(
        t("State"), lambda p: status(p.status, words=words.PART_STATUS, tones=words.PART_TONE, flash=True)
    ),
    Column(t("Server"), _where),
    Column(t("Seen last"), lambda p: or_dash(p.seen_at, ago(p.seen_at)), right=True, show="widest"),
    Column(t("Record"), _change, right=True),
)


def _add() -> rx.Component:
    return ask(
        t("Add spare part"),
        state=PlacesWorkState,
        on_done=PlacesWorkState.add_part,
        about="part",
        kind="primary",
        fields=[
            field("kind", t("Kind"), "words", options=options(words.PART)),
            field("serial", t("Serial number"), max=60),
            field("model", t("Model"), max=60),
            field("note", t("Note"), optional=True),
        ],
    )


def parts_page() -> rx.Component:
    """For operators and technicians."""
    view = PartsState.parts
    nothing = empty(
        t("No part matches"),
        t("Parts come on record when a server is inspected, or are added here as spares."),
        link(t("Show all parts"), to="/parts", class_name="btn"),
    )
    states = [("", t("All")), *((code, t(text)) for code, text in words.PART_STATUS.items())]
    return framed(
        page_body(
            top=[
                header(
                    t("Parts"),
                    sub=rx.cond(view.is_ready, tn("{n} part", "{n} parts", n=view.total), skeleton("sub")),
                    actions=[_add()],
                ),
                rx.el.div(
                    search_field(t("Search by serial number, WWN, model or server")),
                    chips(t("State"), "status", states),
                    class_name="toolbar",
                ),
            ],
            problem_view=PartsState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    view.rows,
                    key=lambda p: p.id,
                    label=t("Parts"),
                    ready=view.is_ready,
                    empty=nothing,
                    expected=10,
                ),
                pages(view),
            ),
            loading=rx.fragment(),
            retry=PartsState.open,
        )
    )
