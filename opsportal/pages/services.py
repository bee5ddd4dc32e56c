"""The services list, one service, and the cells that both lists of services share."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.confirm import copyable
from opsportal.components.elements import (
    Moved,
    RowMenu,
    button_link,
    card,
    key_values,
    link,
    or_dash,
    skeleton,
    status,
    tag,
)
from opsportal.components.headers import header
from opsportal.components.services import who
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, chips, pages, search_field, table
from opsportal.components.text import date, money, t, t_code, tn
from opsportal.locale import N_
from opsportal.pages.contracts import contract_actions, history_card
from opsportal.pages.frame import framed
from opsportal.state.services import ServicesState, ServiceState
from opsportal.state.shell import ShellState


def address_of(service: Any) -> Any:
    """Where a service is managed: a server on its own page."""
    return rx.cond(service.server_id > 0, f"/servers/{service.server_id}", f"/services/{service.id}")


def history_of(service: Any) -> Any:
    """Where everything stands that happened to it."""
    return rx.cond(
        service.server_id > 0, f"/servers/{service.server_id}?tab=history", f"/services/{service.id}"
    )


def name_cell(service: Any) -> rx.Component:
    return rx.el.div(
        link(service.name, to=address_of(service), class_name="row-link strong"),
        rx.el.small(t_code(service.family, labels.FAMILY_ONE), " · ", f"#{service.id}", class_name="num"),
    )


def status_cell(service: Any) -> rx.Component:
    """The status word, a pending termination, and for a server whether it is on."""
    return rx.el.div(
        status(service.status, words=labels.SERVICE, tones=labels.SERVICE_TONE, flash=True),
        rx.cond(service.termination_on, tag(t("Ends {date}", date=date(service.termination_on)), "warn")),
        class_name="tags",
    )


def power_cell(service: Any) -> rx.Component:
    return rx.cond(
        service.power,
        status(service.power, words=labels.POWER, tones=labels.POWER_TONE, flash=True),
        rx.el.span("–", class_name="faint", aria_hidden="true"),
    )


def price_cell(service: Any) -> rx.Component:
    """What it costs; where that rose lately: from what, when and by whom, with the way to its history."""
    rise = service.rise
    return rx.el.div(
        rx.el.span(money(service.price_minor, service.currency), class_name="nowrap"),
        rx.el.small(t_code(service.term, labels.TERM)),
        rx.cond(
            rise.at != "",
            link(
                tag(t("Costs more"), "warn"),
                rx.el.small(
                    t("before: {price}", price=money(rise.from_minor, service.currency)),
                    rx.cond(
                        rise.from_term != service.term,
                        rx.fragment(" ", t_code(rise.from_term, labels.TERM)),
                    ),
                ),
                rx.el.small(date(rise.at), " · ", who(rise.by, rise.by_kind)),
                to=history_of(service),
                class_name="rise",
            ),
        ),
    )


def is_client() -> Any:
    """Whether a client looks: only they ask, staff are asked."""
    return ShellState.me.role == "client"


def create_ticket(service_id: Any) -> rx.Component:
    """The way from an order to a ticket about it (checklist 1.14)."""
    return rx.cond(
        is_client() & (service_id > 0),
        button_link(t("Create ticket"), to=f"/tickets/new?service={service_id}"),
    )


def _menu(service: Any) -> rx.Component:
    return RowMenu.create(
        label=t("Actions for {name}", name=service.name),
        items=[
            {"text": N_("Manage"), "to": address_of(service)},
            {"text": N_("History"), "to": history_of(service)},
            {
                "text": N_("Create ticket"),
                "to": rx.cond(is_client(), f"/tickets/new?service={service.id}", ""),
            },
            {"text": N_("Copy the address"), "copy": service.ip},
        ],
    )


COLUMNS = (
    Column(t("Service"), name_cell),
    Column(t("Plan"), lambda s: s.plan, show="wide"),
    Column(t("IP address"), lambda s: or_dash(s.ip, rx.el.span(s.ip, class_name="num nowrap")), show="wide"),
    Column(t("Status"), status_cell),
    Column(t("Power"), power_cell, show="widest"),
    Column(t("Paid until"), lambda s: rx.el.span(date(s.period_end), class_name="num nowrap"), show="wide"),
    Column(t("Price"), price_cell, right=True),
    Column(rx.el.span(t("Actions"), class_name="visually-hidden"), _menu, right=True, show="wide"),
)


def _nothing() -> rx.Component:
    filtered = (ServicesState.q != "") | (ServicesState.status != "") | (ServicesState.family != "")
    return rx.cond(
        filtered,
        empty(
            t("No service matches"),
            t("Change the filter or the search, or look at all services."),
            link(t("Show all services"), to="/services", class_name="btn"),
        ),
        empty(
            t("No services yet"),
            t(
                "Servers, storage, hosting, VPN and domains of your company will be listed here once they are ordered."
            ),
        ),
    )


def services_page() -> rx.Component:
    """Everything a company has ordered."""
    listing = ServicesState.listing
    statuses = [(code, t(words)) for code, words in labels.SERVICE.items() if code != "provisioning"]
    return framed(
        page_body(
            top=[
                header(
                    rx.cond(ServicesState.family, t_code(ServicesState.family, labels.FAMILY), t("Services")),
                    sub=rx.cond(
                        listing.is_ready, tn("{n} service", "{n} services", n=listing.total), skeleton("sub")
                    ),
                ),
                rx.el.div(
                    search_field(t("Search by name, plan, address or number")),
                    chips(
                        t("Status"),
                        "status",
                        [("", t("All")), *statuses, ("termination", t("Termination request"))],
                    ),
                    class_name="toolbar",
                ),
            ],
            problem_view=ServicesState.problem,
            ready=True,
            content=card(
                table(
                    COLUMNS,
                    listing.rows,
                    key=lambda s: s.id,
                    label=t("Services"),
                    ready=listing.is_ready,
                    empty=_nothing(),
                    expected=8,
                ),
                pages(listing),
            ),
            loading=rx.fragment(),
            retry=ServicesState.open,
        )
    )


def suspension(service: Any) -> rx.Component:
    """Why a service is paused, what can be done with it meanwhile and what ends that; nothing while it runs."""
    is_policy = service.suspension_reason == "policy"
    is_unpaid = (service.suspension_reason == "payment") | service.also_unpaid
    note = rx.cond(
        service.suspension_note != "",
        rx.fragment(
            t("Suspended because it breaks our terms of use:"), " ", rx.el.q(service.suspension_note)
        ),
        t_code(service.suspension_reason, labels.SUSPENSION),
    )
    return rx.cond(
        service.status == "suspended",
        rx.el.div(
            rx.cond(is_policy, rx.el.p(note, class_name="strong")),
            rx.cond(is_unpaid, rx.el.p(t_code("payment", labels.SUSPENSION), class_name="strong")),
            rx.el.p(
                rx.cond(
                    service.server_id > 0,
                    t(
                        "The server is neither switched off nor wiped. Until this is settled it can be looked at, "
                        "but not switched, reinstalled, unblocked or opened by console."
                    ),
                    t("Nothing on it was deleted. Until this is settled it can only be looked at."),
                )
            ),
            rx.cond(
                is_client(),
                rx.el.div(
                    rx.cond(
                        is_unpaid,
                        button_link(t("Open unpaid invoices"), to="/billing/invoices?status=overdue"),
                    ),
                    button_link(t("Contact support"), to=f"/tickets/new?service={service.id}"),
                    class_name="row card-actions",
                ),
            ),
            class_name="banner bad suspension",
            role="status",
        ),
    )


def contract(service: Any) -> rx.Component:
    """Plan, price and period of a service."""
    return key_values(
        (t("Number"), rx.el.span(f"#{service.id}", class_name="num")),
        (t("Plan"), service.plan),
        (
            t("Price"),
            rx.fragment(money(service.price_minor, service.currency), " ", t_code(service.term, labels.TERM)),
        ),
        (t("Paid until"), date(service.period_end)),
        (t("Termination"), or_dash(service.termination_on, date(service.termination_on))),
    )


def service_page() -> rx.Component:
    """A service that is not a server; a server has a page of its own, and this one leads there."""
    service = ServiceState.service
    loading = rx.fragment(header(skeleton("title")), card(lines(5)))
    body = rx.fragment(
        header(
            service.name,
            crumbs=[(t("Services"), "/services")],
            beside=status(service.status, words=labels.SERVICE, tones=labels.SERVICE_TONE, flash=True),
            sub=t_code(service.family, labels.FAMILY_ONE),
            actions=[create_ticket(service.id)],
        ),
        suspension(service),
        rx.el.div(
            card(contract(service), contract_actions(), title=t("Contract")),
            card(
                key_values((t("IP address"), or_dash(service.ip, copyable(service.ip)))),
                title=t("Access"),
            ),
            class_name="grid halves",
        ),
        history_card(),
    )
    return framed(
        page_body(
            problem_view=ServiceState.problem,
            ready=service.id == route_number("service_id"),
            content=rx.cond(
                service.server_id > 0,
                rx.fragment(Moved.create(to=f"/servers/{service.server_id}"), loading),
                body,
            ),
            loading=loading,
            retry=ServiceState.open,
        )
    )
