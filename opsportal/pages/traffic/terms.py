"""Traffic of plans: what each includes, what follows beyond it, and what that costs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import traffic_labels as words
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import card, or_dash, skeleton
from opsportal.components.headers import header
from opsportal.components.inventory import ask, field, options
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import money, rate, t, t_code, tn, volume
from opsportal.pages.frame import framed
from opsportal.state.traffic.terms import PlansState


def _name(row: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(row.name, class_name="strong"),
        rx.el.small(tn("{n} service", "{n} services", n=row.services)),
    )


def _included(row: Any) -> rx.Component:
    return rx.cond(
        row.is_metered,
        rx.el.div(
            rx.el.span(volume(row.included_bytes), class_name="num nowrap"),
            rx.el.small(t_code(row.counted, words.COUNTED_CHOICE)),
        ),
        rx.el.span(t("Not metered"), class_name="sub"),
    )


def _beyond(row: Any) -> rx.Component:
    return or_dash(
        row.is_metered,
        rx.el.div(
            t_code(row.action, words.ACTION),
            rx.cond(
                row.action == "limit",
                rx.el.small(t("to {rate}", rate=rate(row.limit_mbps * 1_000_000)), class_name="num"),
            ),
            rx.cond(
                row.unpriced.length() > 0,
                rx.el.small(
                    t("Nothing is billed in {currencies}: no price", currencies=row.unpriced.join(", ")),
                    class_name="warn-text",
                ),
            ),
        ),
    )


def _prices(row: Any) -> rx.Component:
    return or_dash(
        row.is_metered & (row.prices.length() > 0),
        rx.el.div(
            rx.foreach(
                row.prices,
                lambda price: rx.el.div(money(price.price_minor, price.currency), class_name="num nowrap"),
            ),
            rx.el.small(t("for every {unit} begun", unit=volume(row.unit_bytes))),
        ),
    )


def _change(row: Any) -> rx.Component:
    return ask(
        t("Change"),
        state=PlansState,
        on_done=PlansState.set_terms,
        about="terms",
        subject=row.id,
        title=t("Traffic of {plan}", plan=row.name),
        confirm=t("Save"),
        text=t(
            "It takes effect at once, also for the cycle under way; warnings that were sent stay sent. "
            "A cycle that has ended is billed by the terms of its time."
        ),
        fields=[
            field("included", t("Included, in GB a month"), "number", initial=row.included_gb),
            field("counted", t("What counts"), "words", options=options(words.COUNTED_CHOICE), initial=row.counted),
            field("action", t("Beyond it"), "words", options=options(words.ACTION), initial=row.action),
            field(
                "limit", t("Limit, in Mbit/s"), "number", initial=row.limit_mbps,
                hint=t("Only where a technician limits the port."),
            ),
            field("unit", t("Billed unit, in GB"), "number", initial=row.unit_gb),
            field(
                "price", t("Price of each unit begun"), optional=True, initial=row.first_price,
                hint=t("Empty: no price in this currency."),
            ),
            field("currency", t("Currency"), initial=row.first_currency, max=3),
        ],
    )  # fmt: skip


def _remove(row: Any) -> rx.Component:
    return confirm_button(
        t("Remove"),
        title=t("Meter {plan} no longer?", plan=row.name),
        text=t(
            "Traffic is counted as before, but the plan includes all of it: no mails, no bills, no limits."
        ),
        confirm=t("Meter no longer"),
        on_confirm=PlansState.remove_terms(row.id),
        kind="ghost",
        danger=True,
    )


def _actions(row: Any) -> rx.Component:
    return rx.el.div(_change(row), rx.cond(row.is_metered, _remove(row)), class_name="row port-actions")


_COLUMNS = (
    Column(t("Plan"), _name),
    Column(t("Included"), _included),
    Column(t("Beyond it"), _beyond),
    Column(t("Price"), _prices, right=True, show="wide"),
    Column("", _actions, right=True),
)


def plans_page() -> rx.Component:
    """For operators."""
    view = PlansState.plans
    nothing = empty(t("No plan has servers"), t("Plans that servers are sold by appear here."))
    summary = rx.cond(view.is_ready, tn("{n} plan", "{n} plans", n=view.rows.length()), skeleton("sub"))
    return framed(
        page_body(
            top=[header(t("Traffic plans"), sub=summary)],
            problem_view=PlansState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    view.rows,
                    key=lambda r: r.id,
                    label=t("Traffic plans"),
                    ready=view.is_ready,
                    empty=nothing,
                )
            ),
            loading=rx.fragment(),
            retry=PlansState.open,
        )
    )
