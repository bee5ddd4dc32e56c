"""Nightly runs: tonight's as it would go, and what past ones did and could not do."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import card, link, or_dash, skeleton, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import date, moment, money, number, t, t_code, tn
from opsportal.pages.billing.tiles import tile_problem
from opsportal.pages.frame import framed
from opsportal.state.billing.runs import RunsState


def _amounts(listed: Any) -> rx.Component:
    return rx.el.div(
        rx.foreach(
            listed,
            lambda one: rx.el.span(money(one.minor, one.currency), class_name="num nowrap", key=one.currency),
        ),
        class_name="amounts",
    )


def _figure(label: Any, value: Any, ready: Any, tone: str = "") -> rx.Component:
    return rx.el.div(
        rx.el.small(label),
        rx.cond(ready, rx.el.b(value, class_name=f"num {tone}".strip()), skeleton("cell")),
        class_name="tile",
    )


def _obstacles(plan: Any) -> rx.Component:
    return rx.el.ul(
        rx.foreach(
            plan.obstacles,
            lambda one: rx.el.li(
                link(one.service, to=f"/services/{one.service_id}", class_name="row-link strong"),
                rx.el.small(t_code(one.code, labels.RUN_ERROR), class_name="bad-text"),
                key=one.service_id,
            ),
        ),
        class_name="obstacles",
    )


def _company(plan: Any) -> rx.Component:
    return rx.el.div(
        link(plan.company, to=f"/companies/{plan.company_id}", class_name="row-link strong"),
        rx.cond(plan.obstacles.length() > 0, _obstacles(plan)),
    )


_PLANNED = (
    Column(t("Company"), _company),
    Column(t("Services"), lambda p: rx.el.span(p.services, class_name="num"), right=True, show="wide"),
    Column(t("Invoices"), lambda p: rx.el.span(p.invoices, class_name="num"), right=True, show="wide"),
    Column(
        t("First due"),
        lambda p: or_dash(p.first_due_on, rx.el.span(date(p.first_due_on), class_name="num nowrap")),
        show="wide",
    ),
    Column(
        t("Total"),
        lambda p: rx.el.span(money(p.total_minor, p.currency), class_name="num nowrap"),
        right=True,
    ),
)

_PAST = (
    Column(
        t("Run"),
        lambda r: rx.el.div(
            rx.el.span(t_code(r.kind, labels.RUN), class_name="strong"),
            rx.el.small(date(r.on_day), class_name="num"),
        ),
    ),
    Column(
        t("Ended"),
        lambda r: rx.cond(
            r.finished_at,
            rx.el.span(moment(r.finished_at), class_name="num nowrap"),
            tag(t("Interrupted"), "warn"),
        ),
        show="wide",
    ),
    Column(
        t("Companies"), lambda r: rx.el.span(number(r.companies), class_name="num"), right=True, show="wide"
    ),
    Column(
        t("Documents"), lambda r: rx.el.span(number(r.documents), class_name="num"), right=True, show="wide"
    ),
    Column(t("Total"), lambda r: _amounts(r.totals), right=True),
    Column(
        t("Errors"),
        lambda r: rx.el.span(r.errors, class_name=rx.cond(r.errors > 0, "num bad-text strong", "num")),
        right=True,
        show="wide",
    ),
)

_ERRORS = (
    Column(
        t("Company"), lambda e: link(e.company, to=f"/companies/{e.company_id}", class_name="row-link strong")
    ),
    Column(
        t("Service"),
        lambda e: or_dash(e.service, link(e.service, to=f"/services/{e.service_id}", class_name="row-link")),
    ),
    Column(t("Why"), lambda e: rx.el.div(t_code(e.code, labels.RUN_ERROR), rx.el.small(e.detail))),
)


_DIFFERENCES = (
    Column(
        t("Found"),
        lambda d: rx.el.div(
            rx.el.span(moment(d.found_at), class_name="num nowrap"),
            rx.el.small(d.object_ref, class_name="num"),
        ),
    ),
    Column(t("Why"), lambda d: t_code(d.kind, labels.DIFFERENCE)),
    Column(t("Ours"), lambda d: _amount_or_dash(d.ours_minor, d.ours_currency), right=True),
    Column(t("The gateway's"), lambda d: _amount_or_dash(d.theirs_minor, d.theirs_currency), right=True),
)


def _amount_or_dash(minor: Any, currency: Any) -> rx.Component:
    return or_dash(currency, rx.el.span(money(minor, currency), class_name="num nowrap"))


def _gateway(view: Any, problem: Any) -> rx.Component:
    """What the daily comparison with the gateway's own list has found."""
    checked = rx.el.span(
        t("{n} compared, {moment}", n=number(view.compared), moment=moment(view.checked_at)), class_name="sub"
    )
    listed = table(
        _DIFFERENCES,
        view.differences,
        key=lambda d: d.id,
        label=t("Gateway and ledger"),
        ready=view.is_ready,
        empty=empty(
            t("Nothing differs"),
            t("What the gateway and our ledger tell differently stands here until they agree."),
        ),
        expected=1,
    )
    silence = t(
        "The gateway did not give its list. Nothing was changed; the next comparison covers these days, too."
    )
    return card(
        rx.cond(view.problem_code, rx.el.p(silence, class_name="banner warn", role="status")),
        rx.cond(problem.code, tile_problem(problem), listed),
        title=t("Gateway and ledger"),
        side=rx.cond(view.checked_at, checked),
    )


def _tonight(view: Any) -> rx.Component:
    ready = view.is_ready
    return card(
        rx.el.div(
            _figure(t("Companies"), view.companies, ready),
            _figure(t("Services"), view.services, ready),
            _figure(t("Invoices"), view.invoices, ready),
            _figure(t("Total"), rx.cond(view.totals.length() > 0, _amounts(view.totals), "–"), ready),
            rx.el.div(
                rx.el.small(t("Not by itself")),
                rx.cond(
                    ready,
                    rx.el.b(view.obstacles, class_name=rx.cond(view.obstacles > 0, "num bad-text", "num")),
                    skeleton("cell"),
                ),
                class_name="tile",
            ),
            class_name="tiles flat",
        ),
        table(
            _PLANNED,
            view.plans,
            key=lambda p: p.company_id,
            label=t("Tonight's run"),
            ready=ready,
            empty=empty(
                t("Nothing falls due"),
                t("What the next run would invoice stands here before it does so."),
            ),
        ),
        rx.cond(
            view.companies > view.plans.length(),
            rx.el.p(
                tn(
                    "The first {n} company is shown; the totals count all.",
                    "The first {n} companies are shown; the totals count all.",
                    n=view.plans.length(),
                ),
                class_name="sub",
            ),
        ),
        title=t("Tonight's run, dry"),
        side=rx.cond(
            ready,
            rx.el.span(t("for {date}; nothing is written yet", date=date(view.on_day)), class_name="sub"),
        ),
    )


def runs_page() -> rx.Component:
    """For finance."""
    view = RunsState.runs
    return framed(
        page_body(
            top=[
                header(
                    t("Renewal runs"),
                    sub=t("A company that fails holds up no other; it is tried again by the next run."),
                )
            ],
            problem_view=RunsState.problem,
            ready=True,
            content=rx.fragment(
                _tonight(view),
                rx.cond(
                    view.errors.length() > 0,
                    card(
                        table(_ERRORS, view.errors, key=lambda e: e.id, label=t("Errors")),
                        title=t("What runs could not do"),
                    ),
                ),
                card(
                    table(
                        _PAST,
                        view.runs,
                        key=lambda r: r.id,
                        label=t("Past runs"),
                        ready=view.is_ready,
                        empty=empty(t("No run yet"), t("The first one comes with the next night.")),
                    ),
                    title=t("Past runs"),
                    side=confirm_button(
                        t("Run again"),
                        title=t("Run today's renewals again?"),
                        text=t(
                            "What has become due since the night is invoiced now. What was invoiced already is not invoiced again."
                        ),
                        confirm=t("Run again"),
                        on_confirm=RunsState.run_again,
                    ),
                ),
                _gateway(RunsState.gateway, RunsState.gateway_problem),
            ),
            loading=rx.fragment(),
            retry=RunsState.open,
        )
    )
