"""A machine beside its order, line by line, and a person's word on the difference."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import arrival_labels
from opsportal.components import inventory_labels as words
from opsportal.components.elements import card, status
from opsportal.components.inventory import ask, field
from opsportal.components.text import t, t_code
from opsportal.state.inventory.arrivals import ArrivalsState


def _line(line: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(
                t_code(line.kind, words.PART),
                rx.cond(line.model, rx.fragment(" · ", line.model)),
                class_name="strong",
            ),
            rx.el.small(
                rx.cond(
                    line.what == "not_told",
                    t("{expected} ordered; count them by hand", expected=line.expected),
                    t("{expected} ordered, {found} found", expected=line.expected, found=line.found),
                ),
                rx.cond(line.missing, rx.fragment(" · ", t("missing: {serials}", serials=line.missing))),
            ),
        ),
        status(line.what, words=arrival_labels.LINE, tones=arrival_labels.LINE_TONE),
    )


def beside_order(view: Any) -> rx.Component:
    """Every line of the order; where they differ, the two ways on."""
    accept = ask(
        t("Accept as it is"),
        title=t("Accept {name} although it is not as ordered?", name=view.name),
        text=t("The record follows what the machine says. Your name, the time and the reason are kept."),
        state=ArrivalsState,
        on_done=ArrivalsState.accept,
        about="accept-delivery",
        subject=view.inspection_id,
        fields=[field("reason", t("Reason"), "area")],
    )
    back = ask(
        t("Send back"),
        title=t("Send {name} back?", name=view.name),
        text=t("It becomes faulty and leaves intake until a person takes it over."),
        state=ArrivalsState,
        on_done=ArrivalsState.send_back,
        about="send-back",
        subject=view.inspection_id,
        danger=True,
        fields=[field("reason", t("Reason"), "area")],
    )
    return rx.cond(
        view.order_lines.length() > 0,
        card(
            rx.cond(
                view.order_needs_word,
                rx.el.p(
                    t("It is not as ordered. A person accepts it with a reason, or sends it back."),
                    class_name="banner warn",
                ),
            ),
            rx.el.ul(rx.foreach(view.order_lines, _line), class_name="list"),
            rx.cond(view.order_needs_word, rx.el.div(accept, back, class_name="card-line legend")),
            title=t("Beside the order"),
            side=rx.cond(view.order_ref, rx.el.span(view.order_ref, class_name="sub mono")),
        ),
    )
