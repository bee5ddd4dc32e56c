"""The billing cycle against the plan: how much is used, what is left, and what follows at the end of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import traffic_labels as words
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import card, download_link, link, skeleton, tag
from opsportal.components.states import lines, part
from opsportal.components.text import date, money, number, rate, t, t_code, tn, volume, whole
from opsportal.state.shell import ShellState
from opsportal.state.traffic.cycle import CycleState


def _bar(view: Any) -> rx.Component:
    """The share of what is included, as a bar and in words. Never more than full."""
    tone = rx.cond(view.used_bp >= 10_000, "over", rx.cond(view.used_bp >= 7_500, "near", ""))
    return rx.el.progress(
        value=rx.cond(view.used_bp >= 10_000, 10_000, view.used_bp),
        max=10_000,
        class_name=f"bar thick {tone}",
        aria_label=t("Used of the plan's traffic"),
    )


def _used(view: Any) -> rx.Component:
    return rx.el.p(
        rx.el.b(
            volume(view.used_bytes), class_name="num", title=t("{n} bytes exactly", n=whole(view.used_bytes))
        ),
        " ",
        rx.cond(
            view.included_bytes,
            t(
                "of {included} · {part} %",
                included=volume(view.included_bytes),
                part=number(view.used_bp / 100),
            ),
            t("in this cycle; the plan sets no limit"),
        ),
        class_name="cycle-used",
    )


def _action(view: Any) -> Any:
    """What the plan says about the time when nothing is left."""
    return rx.cond(
        view.is_exempt,
        t("This service is exempt: nothing happens when it is used up."),
        rx.match(
            view.action,
            (
                "bill",
                rx.cond(
                    view.price_minor > 0,
                    t(
                        "Beyond it: {price} for every {unit} begun, on an invoice after the cycle.",
                        price=money(view.price_minor, view.currency),
                        unit=volume(view.unit_bytes),
                    ),
                    t("Beyond it nothing is billed: no price is on record."),
                ),
            ),
            (
                "limit",
                t(
                    "Beyond it a technician limits the port to {rate} until the cycle ends.",
                    rate=rate(view.limit_mbps * 1_000_000),
                ),
            ),
            ("block", t("Beyond it the port is switched off until the cycle ends.")),
            t("Beyond it nothing happens; we mail you at 75, 90 and 100 %."),
        ),
    )


def _steps(view: Any) -> rx.Component:
    return rx.cond(
        view.steps.length() > 0,
        rx.el.p(
            rx.foreach(
                view.steps,
                lambda one: rx.el.span(
                    tag(f"{one.step} %", rx.cond(one.step == 100, "bad", "warn")),
                    " ",
                    date(one.at),
                    ", ",
                    t_code(one.outcome, words.OUTCOME),
                    class_name="cycle-step",
                ),
            ),
            class_name="cycle-steps sub",
        ),
    )


def _samples(words: Any, view: Any, day: Any, **props: Any) -> rx.Component:
    return download_link(words, href=f"/services/{view.service_id}/traffic-samples.csv?cycle={day}", **props)


def _overage(view: Any) -> rx.Component:
    said = tn(
        "The cycle before went {n} unit beyond the plan: {amount}.",
        "The cycle before went {n} units beyond the plan: {amount}.",
        n=view.overage_units,
        amount=money(view.overage_minor, view.currency),
    )
    return rx.cond(
        view.overage_units > 0,
        rx.el.p(
            said,
            " ",
            rx.cond(
                (view.overage_invoice > 0) & (ShellState.me.role != "technician"),
                link(t("Open the invoice"), to=f"/billing/invoices/{view.overage_invoice}"),
            ),
            " ",
            _samples(t("Download its samples"), view, view.overage_first, class_name="row-link"),
            class_name="sub",
        ),
    )


def _exemption(view: Any) -> rx.Component:
    """For those who run billing: a service that nothing happens to."""
    return rx.cond(
        (ShellState.me.role == "operator") & (view.included_bytes != ""),
        rx.cond(
            view.is_exempt,
            confirm_button(
                t("End the exemption"),
                title=t("End the exemption?"),
                text=t("The plan applies again, at once and for the whole cycle."),
                confirm=t("End the exemption"),
                on_confirm=CycleState.set_exempt(view.server_id, False),
            ),
            confirm_button(
                t("Exempt"),
                title=t("Exempt this service?"),
                text=t("Mails are written all the same, but nothing is billed, limited or blocked."),
                confirm=t("Exempt"),
                on_confirm=CycleState.set_exempt(view.server_id, True),
            ),
        ),
    )


def _shown(view: Any) -> rx.Component:
    return card(
        rx.el.div(
            _used(view),
            rx.cond(view.included_bytes, _bar(view)),
            rx.el.p(
                rx.cond(
                    view.included_bytes, rx.fragment(t_code(view.counted, words.COUNTED), " ", _action(view))
                ),
                class_name="sub",
            ),
            _steps(view),
            _overage(view),
            rx.el.p(
                t(
                    "95th percentile of the cycle so far: {rate}; {part} % of the time was measured.",
                    rate=rx.cond(view.billed_bps != None, rate(view.billed_bps), "–"),  # noqa: E711
                    part=number(view.coverage_bp / 100),
                ),
                class_name="sub",
            ),
            rx.el.div(
                _samples(t("Download the cycle's samples"), view, view.first),
                _exemption(view),
                class_name="row",
            ),
            class_name="cycle",
        ),
        title=t("Billing cycle"),
        side=rx.el.span(
            t("{first} to {last}", first=date(view.first), last=date(view.last)), class_name="sub num"
        ),
    )


def cycle_card(server_id: Any) -> rx.Component:
    """The card above the graph. It loads, fails and renews itself apart from the graph; without a service, nothing."""
    view = CycleState.cycle
    return part(
        CycleState.problem,
        ready=view.is_ready & (view.server_id == server_id),
        content=rx.cond(view.service_id > 0, _shown(view)),
        loading=card(lines(4), title=skeleton("title")),
    )
