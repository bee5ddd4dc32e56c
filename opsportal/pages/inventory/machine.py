"""One machine in stock: what its cleaning has and lacks, what it is made of, how sure one may be."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import (
    button_link,
    card,
    or_dash,
    skeleton,
    status,
    tag,
)
from opsportal.components.headers import header
from opsportal.components.inventory import confidence, stock_status, why_faulty
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import t, t_code, tn
from opsportal.components.timelines import job_timeline
from opsportal.pages.frame import framed
from opsportal.pages.inventory import beside_order, machine_steps
from opsportal.pages.inventory.machine_record import cables, record
from opsportal.state.inventory.machine import MachineState
from opsportal.state.inventory.work import PlacesWorkState
from opsportal.state.server import ServerState


def _score(one: Any) -> rx.Component:
    return rx.fragment(
        rx.el.dt(
            t_code(one.name, words.SCORE),
            rx.cond(one.seen_at, rx.fragment(" · ", ago(one.seen_at)), rx.fragment(" · ", t("never"))),
            key=one.name,
        ),
        rx.el.dd(t("{points} of {most}", points=one.points, most=one.most), class_name="num"),
    )


def _confidence(view: Any) -> rx.Component:
    """The score with its arithmetic."""
    return card(
        rx.el.dl(
            rx.foreach(view.scores, _score),
            rx.el.dt(t("Together"), class_name="total"),
            rx.el.dd(t("{points} of {most}", points=view.confidence, most=100), class_name="num total"),
            class_name="score-lines",
        ),
        rx.el.p(
            t(
                "Points shrink with age: a fresh inspection, a verified power state and a proved cleaning count fully."
            ),
            class_name="card-line sub",
        ),
        title=t("Confidence"),
        side=confidence(view.confidence),
    )


_PART_COLUMNS = (
    Column(
        t("Part"),
        lambda p: rx.el.div(
            rx.el.span(t_code(p.kind, words.PART), " ", p.model, class_name="strong"),
            rx.el.small(rx.cond(p.serial, p.serial, p.wwn), class_name="mono"),
        ),
    ),
    Column(t("Slot"), lambda p: or_dash(p.slot), show="wide"),
    Column(t("Firmware"), lambda p: or_dash(p.firmware), show="widest"),
    Column(
        t("State"), lambda p: status(p.status, words=words.PART_STATUS, tones=words.PART_TONE), right=True
    ),
)


def _difference(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(t_code(one.kind, words.PART), " · ", one.name, class_name="strong"),
            rx.cond(
                one.expected,
                rx.el.small(
                    rx.cond(
                        one.found,
                        t("expected {expected}, found {found}", expected=one.expected, found=one.found),
                        t("expected {expected}, found nothing", expected=one.expected),
                    )
                ),
            ),
        ),
        status(one.what, words=words.DIFFERENCE, tones=words.DIFFERENCE_TONE),
    )


def _parts(view: Any) -> rx.Component:
    accept = confirm_button(
        t("Take into the record"),
        title=t("Take these differences into the record?"),
        text=t("Parts not found are marked as missing, new ones are added. Who did it is kept."),
        confirm=t("Take into the record"),
        on_confirm=PlacesWorkState.accept(view.inspection_id),
    )
    nothing = empty(t("No parts on record"), t("Inspect the machine: its BMC says what it is made of."))
    return card(
        rx.cond(
            view.differences.length() > 0,
            rx.el.div(
                rx.el.p(
                    tn(
                        "The last inspection found {n} difference.",
                        "The last inspection found {n} differences.",
                        n=view.differences.length(),
                    ),
                    class_name="banner warn",
                ),
                rx.el.ul(rx.foreach(view.differences, _difference), class_name="list"),
                rx.el.p(accept, class_name="card-line"),
            ),
        ),
        rx.cond(
            view.why_partial,
            rx.el.p(
                t("The BMC did not tell everything; kinds it is silent about were not compared."),
                class_name="card-line sub",
            ),
        ),
        table(_PART_COLUMNS, view.parts, key=lambda p: p.id, label=t("Parts"), empty=nothing),
        title=t("Parts"),
        side=rx.cond(
            view.inspected_at, ago(view.inspected_at), rx.el.span(t("Never inspected"), class_name="sub")
        ),
    )


def _change(one: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            t_code(one.status, words.STOCK),
            rx.el.small(one.by, rx.cond(one.reason, rx.fragment(" · ", why_faulty(one)), "")),
        ),
        ago(one.at, class_name="sub"),
    )


def _history(view: Any) -> rx.Component:
    return rx.cond(
        view.changes.length() > 0,
        card(rx.el.ul(rx.foreach(view.changes, _change), class_name="list"), title=t("Way through stock")),
    )


def _job(view: Any) -> rx.Component:
    return rx.cond(
        view.job.id > 0,
        card(
            job_timeline(view.job, on_cancel=ServerState.cancel, on_retry=ServerState.retry),
            title=t("Newest job"),
        ),
    )


def machine_page() -> rx.Component:
    """For operators and technicians."""
    view = MachineState.machine
    content = rx.fragment(
        header(
            view.name,
            crumbs=[(t("Stock"), "/stock")],
            beside=rx.fragment(
                stock_status(view.status), rx.cond(view.is_blocked, tag(t("Blocked"), "warn"))
            ),
            sub=t_code(view.status, words.STOCK_MEANING),
            actions=[
                button_link(t("Server page"), to=f"/servers/{view.id}"),
                *machine_steps.actions(view),
            ],
        ),
        rx.el.div(
            rx.el.div(
                beside_order.beside_order(view),
                machine_steps.cleaning(view),
                machine_steps.erased(view),
                _parts(view),
                cables(view),
                machine_steps.evidence(view),
                class_name="stack",
            ),
            rx.el.div(_job(view), record(view), _confidence(view), _history(view), class_name="stack"),
            class_name="grid two-one",
        ),
    )
    return framed(
        page_body(
            problem_view=MachineState.problem,
            ready=view.is_ready & (view.id == route_number("server_id")),
            content=content,
            loading=rx.fragment(header(skeleton("title"), crumbs=[(t("Stock"), "/stock")]), card(lines(9))),
            retry=MachineState.open,
        )
    )
