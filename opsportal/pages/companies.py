"""The operator's clients."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components.addresses import route_number
from opsportal.components.elements import card, link, skeleton, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, pages, search_field, table
from opsportal.components.text import t, tn
from opsportal.pages.billing.companies import company_money
from opsportal.pages.frame import framed
from opsportal.pages.services import COLUMNS as SERVICE_COLUMNS
from opsportal.state.companies import CompaniesState, CompanyState

_COLUMNS = (
    Column(t("Company"), lambda c: link(c.name, to=f"/companies/{c.id}", class_name="row-link strong")),
    Column(t("Country"), lambda c: c.country, show="wide"),
    Column(t("Currency"), lambda c: c.currency, show="wide"),
    Column(t("Active"), lambda c: rx.el.span(c.running, class_name="num"), right=True, show="wide"),
    Column(
        t("Suspended"),
        lambda c: rx.cond(c.suspended > 0, tag(t("{n} suspended", n=c.suspended), "bad"), "–"),
        right=True,
    ),
)


def _person(person: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(rx.el.span(person.name, class_name="strong"), rx.el.small(person.email)),
        rx.el.span(
            rx.cond(person.is_active, rx.fragment(), tag(t("Blocked"), "bad")),
            rx.cond(person.has_second_factor, tag(t("Two-factor"), "ok"), tag(t("Password only"), "warn")),
            class_name="tags",
        ),
        key=person.id,
    )


def companies_page() -> rx.Component:
    """All clients with what they run."""
    view = CompaniesState.companies
    return framed(
        page_body(
            top=[
                header(t("Companies")),
                rx.el.div(search_field(t("Search by name")), class_name="toolbar"),
            ],
            problem_view=CompaniesState.problem,
            ready=True,
            content=card(
                table(
                    _COLUMNS,
                    view.rows,
                    key=lambda c: c.id,
                    label=t("Companies"),
                    ready=view.is_ready,
                    empty=empty(
                        t("No company matches"), t("Change the search, or clear it to see all clients.")
                    ),
                )
            ),
            loading=rx.fragment(),
            retry=CompaniesState.open,
        )
    )


def company_page() -> rx.Component:
    """One client: people and services."""
    company = CompanyState.company
    body = rx.fragment(
        header(
            company.name,
            crumbs=[(t("Companies"), "/companies")],
            sub=rx.fragment(
                company.country,
                " · ",
                company.currency,
                " · ",
                tn("{n} service", "{n} services", n=company.service_total),
            ),
        ),
        company_money(),
        card(
            table(
                SERVICE_COLUMNS,
                company.services,
                key=lambda s: s.id,
                label=t("Services"),
                empty=empty(t("No services yet"), t("What this company orders will be listed here.")),
            ),
            pages(company),
            title=t("Services"),
        ),
        card(rx.el.ul(rx.foreach(company.people, _person), class_name="list"), title=t("People")),
    )
    return framed(
        page_body(
            problem_view=CompanyState.problem,
            ready=company.is_ready & (company.id == route_number("company_id")),
            content=body,
            loading=rx.fragment(
                header(skeleton("title"), crumbs=[(t("Companies"), "/companies")]), card(lines(8))
            ),
            retry=CompanyState.open,
        )
    )
