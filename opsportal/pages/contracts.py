"""The history of a service, and what an operator does to it. Shown on the page of the service or of its server."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import service_labels
from opsportal.components.elements import card, tag
from opsportal.components.machine import ReasonButton
from opsportal.components.services import TermsButton, price, who
from opsportal.components.states import empty, lines, part
from opsportal.components.tables import Column, table
from opsportal.components.text import chosen, date, moment, t, t_code
from opsportal.state.contracts import ContractState, ServiceHistoryState
from opsportal.state.shell import ShellState


def _detail(one: Any) -> rx.Component:
    """Old and new price, old and new plan, and from when: as far as the line is about that."""
    now = price(one.price_minor, one.currency, one.term)
    return rx.fragment(
        rx.cond(
            one.from_term != "",
            rx.el.small(
                rx.el.span(price(one.from_minor, one.from_currency, one.from_term), class_name="was"),
                " → ",
                rx.el.span(now, class_name="strong"),
                rx.cond(one.on_day != "", rx.fragment(" · ", t("from {day}", day=date(one.on_day)))),
                class_name="num",
            ),
        ),
        rx.cond(one.plan_before != "", rx.el.small(one.plan_before, " → ", one.plan)),
        rx.match(
            one.kind,
            ("ordered", rx.el.small(one.plan, " · ", now, class_name="num")),
            ("recorded", rx.el.small(one.plan, " · ", now, class_name="num")),
            ("termination_requested", rx.el.small(t("Ends {date}", date=date(one.on_day)), class_name="num")),
            rx.fragment(),
        ),
        rx.cond(one.reason != "", rx.el.small(rx.el.q(one.reason), class_name="reason")),
    )


def _what(one: Any) -> rx.Component:
    return rx.el.div(
        rx.el.span(
            tag(
                t_code(one.kind, service_labels.CHANGE),
                chosen(one.kind, service_labels.CHANGE_TONE, otherwise="mute"),
            ),
            rx.cond(one.is_rise, tag(t("costs more"), "warn")),
            class_name="tags",
        ),
        _detail(one),
        class_name="service-change",
    )


_COLUMNS = (
    Column(t("What"), _what),
    Column(t("By"), lambda one: who(one.by, one.by_kind)),
    Column(t("When"), lambda one: rx.el.span(moment(one.at), class_name="num nowrap"), right=True),
)


def history_card() -> rx.Component:
    """Every change of the service, newest first; nothing for those who see no contracts."""
    view = ServiceHistoryState.history
    title = t("History of the contract")
    nothing = empty(t("No history yet"), t("Each change of price, plan and standing is kept here."))
    shown = card(
        table(_COLUMNS, view.changes, key=lambda one: one.id, label=title, empty=nothing),
        title=title,
        class_name="service-history",
    )
    return part(
        ServiceHistoryState.problem,
        ready=view.is_ready,
        content=rx.cond(view.service_id > 0, shown),
        loading=card(lines(3), title=title),
    )


def _hold(label: Any, title: Any, text: Any, *, lifts: bool, hold: str) -> rx.Component:
    view = ContractState.contract
    handler = ContractState.lift if lifts else ContractState.suspend
    return ReasonButton.create(
        label=label,
        title=title,
        text=text,
        confirm=label,
        reason_label=t("Why? The client reads it."),
        danger=not lifts,
        class_name="btn" if lifts else "btn danger",
        on_confirm=lambda reason, _: handler(view.service_id, hold, reason),
    )


def _buttons(view: Any) -> list[rx.Component]:
    keeps = t(
        "Consoles end at once; the client can no longer switch, reinstall or unblock it, and is mailed. "
        "A server keeps running: block its network access as well if it does harm."
    )
    suspend = _hold(
        t("Suspend for policy"),
        t("Suspend {name} for policy?", name=view.name),
        keeps,
        lifts=False,
        hold="policy",
    )
    lift = _hold(
        t("Lift suspension"),
        t("Lift the suspension of {name}?", name=view.name),
        rx.cond(
            view.is_unpaid,
            t("It stays suspended as unpaid until its invoice is settled. The client is mailed."),
            t("The client can use it again at once, and is mailed."),
        ),
        lifts=True,
        hold="policy",
    )
    unpaid = _hold(
        t("Suspend as unpaid"),
        t("Suspend {name} as unpaid?", name=view.name),
        t(
            "An invoice of it is overdue. The suspension ends by itself when that is paid. The client is mailed."
        ),
        lifts=False,
        hold="payment",
    )
    waive = _hold(
        t("Let run unpaid"),
        t("Let {name} run though it is unpaid?", name=view.name),
        t("The invoice stays due. A suspension for policy goes on. The client is mailed."),
        lifts=True,
        hold="payment",
    )
    terms = TermsButton.create(
        contract=view,
        owner=ShellState.me.person_id,
        label=t("Change price or plan"),
        title=t("Change price or plan of {name}", name=view.name),
        text=t(
            "The price holds from {day} on; what is invoiced already stays. The client is mailed.",
            day=date(view.from_day),
        ),
        answer=ContractState.answer,
        on_done=ContractState.change_terms,
        class_name="btn",
    )
    return [
        rx.cond(view.is_policy, lift, suspend),
        rx.cond(view.is_unpaid, waive, rx.cond(view.is_overdue, unpaid)),
        terms,
    ]


def contract_actions() -> rx.Component:
    """What an operator can do to the service; nothing for anybody else."""
    view = ContractState.contract
    return rx.cond(
        view.is_running,
        rx.el.div(*_buttons(view), class_name="row card-actions"),
    )
