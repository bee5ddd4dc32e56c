"""A machine's steps through stock, and the evidence of its cleaning."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button, card, link, or_dash, status
from opsportal.components.inventory import ask, field, options
from opsportal.components.tables import Column, table
from opsportal.components.text import duration, moment, t, t_code, tn, volume
from opsportal.state.inventory.work import StockWorkState


def _reason(label: Any, handler: Any, view: Any, about: str, *, text: Any, **props: Any) -> rx.Component:
    return ask(
        label,
        state=StockWorkState,
        on_done=handler,
        about=about,
        subject=view.id,
        text=text,
        fields=[field("reason", t("Reason"), "area")],
        **props,
    )


def actions(view: Any) -> list[rx.Component]:
    """What a person can do with the machine in its present state."""
    faulty = _reason(
        t("Mark as faulty"), StockWorkState.mark_faulty, view, "faulty",
        text=t("It leaves stock until a person has taken it over."), danger=True,
    )  # fmt: skip
    quarantine = _reason(
        t("Back to quarantine"), StockWorkState.quarantine, view, "quarantine",
        text=t("What was found about it no longer counts; it has to be cleaned again."),
    )  # fmt: skip
    start = button(t("Start cleaning"), kind="primary", on_click=StockWorkState.start_cleaning(view.id))
    release = confirm_button(
        t("Release to stock"),
        title=t("Release {name} to stock?", name=view.name),
        text=t("From then on a service can get it."),
        confirm=t("Release to stock"),
        on_confirm=StockWorkState.release(view.id),
        kind="primary",
    )
    let = ask(
        t("Give to a service"),
        state=StockWorkState,
        on_done=StockWorkState.let,
        about="let",
        subject=view.id,
        kind="primary",
        text=t("The service gets this machine. It must be one of servers, and have none yet."),
        fields=[field("service_id", t("Number of the service"), "number")],
    )
    over = _reason(
        t("Take over"), StockWorkState.take_over, view, "over", kind="primary",
        text=t("Say what was found and done. The machine goes back to quarantine."),
    )  # fmt: skip
    back = _reason(
        t("Take back"), StockWorkState.take_back, view, "back", kind="primary",
        text=t("The service has ended. The machine goes into quarantine."),
    )  # fmt: skip
    return [
        rx.match(
            view.status,
            ("leased", rx.cond(view.service_has_ended, back)),
            ("quarantined", rx.fragment(faulty, start)),
            ("cleaning", rx.fragment(faulty, quarantine)),
            ("verified", rx.fragment(faulty, quarantine, release)),
            ("available", rx.fragment(faulty, quarantine, let)),
            ("faulty", over),
            rx.fragment(),
        )
    ]


def _confirm(step: Any) -> rx.Component:
    """A person says what they did or found; a disk needs the way it was erased."""
    results = [
        {"value": "good", "label": t("Good: it is as it must be")},
        {"value": "bad", "label": t("Bad: the machine is faulty")},
    ]
    note = field(
        "note", t("What you did and saw"), "area", hint=t("Your name and the time are kept with it.")
    )

    def form(methods: dict[str, str]) -> Any:
        return ask(
            t("Enter evidence"),
            title=t_code(step.name, words.STEP),
            confirm=t("Keep as evidence"),
            state=StockWorkState,
            on_done=StockWorkState.confirm,
            about="evidence",
            subject=step.id,
            fields=[
                field("result", t("Result"), "words", options=results),
                field(
                    "method", t("How"), "words", options=options(methods),
                    initial="confirmed" if "confirmed" in methods else "",
                ),
                note,
            ],
        )  # fmt: skip

    return rx.cond(
        step.name == "disk",
        form(words.DISK_METHOD),
        form({"confirmed": words.METHOD["confirmed"]}),
    )


def _step(step: Any, is_open: Any) -> rx.Component:
    newest = step.newest
    told = rx.cond(
        step.result,
        rx.el.small(
            t_code(newest.method, words.METHOD), " · ", newest.by, " · ", ago(newest.at),
            rx.cond(newest.note, rx.fragment(" · ", newest.note), ""),
            rx.cond(
                step.result == "open",
                rx.foreach(newest.facts, lambda fact: rx.fragment(rx.el.br(), fact)),
            ),
            class_name="told",
        ),
    )  # fmt: skip
    return rx.el.li(
        rx.el.span(
            rx.el.span(
                t_code(step.name, words.STEP),
                rx.cond(step.subject, rx.fragment(" · ", rx.el.span(step.subject, class_name="mono")), ""),
                class_name="strong",
            ),
            rx.el.br(),
            told,
        ),
        rx.el.span(
            status(step.result, words=words.RESULT, tones=words.RESULT_TONE, flash=True),
            rx.cond(is_open, _confirm(step)),
            class_name="row",
        ),
        key=step.id,
    )


def cleaning(view: Any) -> rx.Component:
    """Every step with the evidence that counts; jobs gather what a program can, people confirm the rest."""
    is_open = view.status == "cleaning"
    blocked = view.job.is_active | (view.bmc_host == "")
    jobs = rx.el.div(
        confirm_button(
            t("Gather evidence"),
            title=t("Gather evidence about {name}?", name=view.name),
            text=t(
                "Its addresses are released, BMC users other than ours are deleted, and settings are set back to those of "
                "the factory. Where the BMC can do that, the machine is switched off and on for it, and stays on."
            ),
            confirm=t("Gather evidence"),
            on_confirm=StockWorkState.clean(view.id),
            disabled=blocked,
        ),
        confirm_button(
            t("Burn-in test"),
            title=t("Run the burn-in test on {name}?", name=view.name),
            text=t(
                "The machine first runs under load, where the boot service offers that: processors, memory and disks, which "
                "are only read. Then it is switched on and off three times; its sensors and event log are read in "
                "between. It is off afterwards."
            ),
            confirm=t("Burn-in test"),
            on_confirm=StockWorkState.burn_in(view.id),
            disabled=blocked,
        ),
        confirm_button(
            t("New BMC password"),
            title=t("Give the BMC of {name} a new password?", name=view.name),
            text=t("A random one is kept first, then sent, then proved by signing in. Nobody sees it."),
            confirm=t("New BMC password"),
            on_confirm=StockWorkState.rotate(view.id),
            disabled=blocked,
        ),
        link(t("Wipe disks"), to=f"/servers/{view.id}?tab=reinstall", class_name="btn"),
        link(t("Approved firmware"), to="/firmware", class_name="btn"),
        class_name="card-line legend",
    )
    return rx.cond(
        view.cleaning_id > 0,
        card(
            rx.cond(
                view.order_ref,
                rx.el.p(t("Order {number}", number=view.order_ref), class_name="card-line sub"),
            ),
            rx.cond(is_open, jobs),
            rx.el.ul(rx.foreach(view.steps, lambda step: _step(step, is_open)), class_name="evidence"),
            title=t_code(view.cleaning_kind, words.CLEANING),
            side=rx.el.span(
                t("{done} of {needed} steps", done=view.done, needed=view.steps.length()),
                class_name="sub num",
            ),
        ),
    )


_ERASED_COLUMNS = (
    Column(
        t("Disk"),
        lambda disk: rx.el.div(
            rx.el.span(or_dash(disk.model), class_name="strong"), rx.el.small(disk.serial, class_name="mono")
        ),
    ),
    Column(t("Size"), lambda disk: or_dash(disk.bytes > 0, volume(disk.bytes)), right=True, show="wide"),
    Column(
        t("How"),
        lambda disk: rx.el.div(
            rx.cond(disk.method, t_code(disk.method, words.METHOD), "–"),
            rx.cond(
                disk.trouble,
                rx.el.small(
                    rx.cond(
                        disk.outcome == "erased",
                        t_code(disk.trouble, words.TROUBLE),
                        t_code(disk.trouble, words.NOT_ERASED),
                    )
                ),
            ),
        ),
    ),
    Column(
        t("Proved"),
        lambda disk: or_dash(
            disk.verified > 0,
            rx.el.div(
                tn("read at {n} place", "read at {n} places", n=disk.verified),
                rx.el.small(duration(disk.seconds), class_name="num"),
            ),
        ),
        show="wide",
    ),
    Column(
        t("State"), lambda disk: status(disk.outcome, words=words.ERASED, tones=words.ERASED_TONE), right=True
    ),
)


def erased(view: Any) -> rx.Component:
    """Disk by disk, what the newest wipe of this cleaning has proved."""
    return rx.cond(
        view.erased.length() > 0,
        card(
            table(
                _ERASED_COLUMNS,
                view.erased,
                key=lambda disk: disk.id,
                label=t("Disks erased"),
                empty=rx.fragment(),
            ),
            title=t("Disks erased"),
            side=rx.el.span(moment(view.erased[0].at), " · #", view.erased[0].job_id, class_name="sub num"),
        ),
    )


def evidence(view: Any) -> rx.Component:
    """Everything that was ever said about this cleaning, in its order."""
    return rx.cond(
        view.evidence.length() > 0,
        card(
            rx.el.ul(rx.foreach(view.evidence, _entry), class_name="evidence"),
            title=t("All evidence"),
        ),
    )


def _entry(entry: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            rx.el.span(t_code(entry.step, words.STEP), " ", entry.subject, class_name="strong"),
            rx.el.br(),
            rx.el.small(
                t_code(entry.method, words.METHOD),
                " · ",
                entry.by,
                " · ",
                moment(entry.at),
                rx.cond(entry.job_id > 0, f" · #{entry.job_id}", ""),
                rx.cond(entry.note, rx.fragment(" · ", entry.note), ""),
                class_name="told",
            ),
            rx.foreach(entry.facts, lambda fact: rx.el.small(rx.el.br(), fact, class_name="told mono")),
        ),
        status(entry.result, words=words.RESULT, tones=words.RESULT_TONE),
        key=entry.id,
    )
