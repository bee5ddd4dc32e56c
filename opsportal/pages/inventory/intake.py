"""Taking in a machine that has arrived. The form is sent by plain HTTP: it carries the BMC's password."""

from __future__ import annotations

import reflex as rx

from opsportal.components.elements import card
from opsportal.components.headers import header
from opsportal.components.inventory import Intake
from opsportal.components.states import lines, page_body
from opsportal.components.text import t
from opsportal.pages.frame import framed
from opsportal.state.inventory.stock import StockState


def intake_page() -> rx.Component:
    """For operators and technicians."""
    view = StockState.stock
    return framed(
        page_body(
            problem_view=StockState.problem,
            ready=view.is_ready,
            content=rx.fragment(
                header(
                    t("Take in a machine"),
                    crumbs=[(t("Stock"), "/stock"), (t("Arrivals"), "/arrivals")],
                    sub=t(
                        "It is written down, placed, and asked what it is made of. Nobody gets it before its intake is proved."
                    ),
                ),
                card(Intake.create(racks=view.racks, orders=view.orders), class_name="narrow"),
            ),
            loading=card(lines(9)),
            retry=StockState.open,
        )
    )
