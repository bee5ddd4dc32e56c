"""The inventory's own pieces: forms, choosing many servers, rack elevations, scanning."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import inventory_labels as words
from opsportal.components import labels
from opsportal.components.elements import link, status
from opsportal.components.text import t, t_code, tn

LIBRARY = "$/portal/inventory"


def _typed(draft, a, b, c, d, e, f, g, h):  # type: ignore[no-untyped-def]
    """A draft's number, then what was typed: untyped, because each handler's annotations say what they take."""
    return (draft, a, b, c, d, e, f, g, h)


class AskForm(rx.Component):
    """A button with a form behind it; it stays open until the portal has accepted what was typed."""

    library = LIBRARY
    tag = "AskForm"

    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    confirm: rx.Var[str]
    fields: rx.Var[list[dict[str, Any]]]
    about: rx.Var[str]
    subject: rx.Var[int]
    owner: rx.Var[int]
    danger: rx.Var[bool]
    disabled: rx.Var[bool]
    answer: rx.Var[Any]

    on_done: rx.EventHandler[_typed]


class SelectBox(rx.Component):
    library = LIBRARY
    tag = "SelectBox"

    id: rx.Var[int]
    name: rx.Var[str]


class SelectAll(rx.Component):
    library = LIBRARY
    tag = "SelectAll"

    rows: rx.Var[list[Any]]


class BulkBar(rx.Component):
    """What can be done with the chosen servers, with a dry run before it is done."""

    library = LIBRARY
    tag = "BulkBar"

    actions: rx.Var[list[dict[str, Any]]]
    words: rx.Var[dict[str, str]]
    bulk: rx.Var[Any]

    on_dry_run: rx.EventHandler[_typed]
    on_carry_out: rx.EventHandler[_typed]


class ScanBox(rx.Component):
    """Finding a machine by its label."""

    library = "$/portal/scan"
    tag = "ScanBox"

    label: rx.Var[str]
    hint: rx.Var[str]


class PrintButton(rx.Component):
    library = LIBRARY
    tag = "PrintButton"


def field(name: str, label: Any, kind: str = "text", **more: Any) -> dict[str, Any]:
    """A field of an `AskForm`: text, area, file (a text, or read from one), number, choice (of numbers), words (of texts),
    server or port.
    """
    return {"name": name, "label": label, "type": kind, **more}


def options(values: dict[str, str]) -> list[dict[str, Any]]:
    """Codes to choose from, in words."""
    return [{"value": code, "label": t(text)} for code, text in values.items()]


def ask(
    label: Any, *, state: Any, on_done: Any, fields: list[dict[str, Any]], about: Any, **props: Any
) -> Any:
    """A form behind a button. `about`: which draft it is, so that two forms do not share what is typed.

    `subject`: the number of what it is about, which the handler takes between the draft and the fields.
    """
    from opsportal.state.shell import ShellState

    kind = props.pop("kind", "")
    props.setdefault("title", label)
    props.setdefault("confirm", label)
    return AskForm.create(
        label=label,
        fields=fields,
        about=about,
        owner=ShellState.me.person_id,
        answer=state.answer,
        on_done=on_done,
        class_name=f"btn {kind}".strip(),
        **props,
    )


def why_faulty(one: Any) -> rx.Component:
    """The reason of a view with `failed_step`, `failed_subject` and `reason`."""
    step = rx.fragment(
        t_code(one.failed_step, words.FAILED_STEP),
        rx.cond(one.failed_subject, rx.fragment(" ", one.failed_subject)),
        ": ",
    )
    return rx.fragment(rx.cond(one.failed_step, step), t_code(one.reason, words.METHOD))


def stock_status(code: Any, *, flash: bool = True) -> rx.Component:
    return status(code, words=words.STOCK, tones=words.STOCK_TONE, flash=flash)


def _meter(share: Any, of: Any, tone: Any) -> rx.Component:
    """A share as a bar; the number beside it says the same."""
    return rx.el.progress(value=share, max=of, class_name=f"meter {tone}", aria_hidden="true")


def confidence(points: Any) -> rx.Component:
    """The score as a number and a bar."""
    tone = rx.cond(points >= 70, "ok", rx.cond(points >= 40, "warn", "bad"))
    return rx.el.span(
        _meter(points, 100, tone),
        rx.el.span(points, class_name="num"),
        class_name="confidence",
        title=t("Confidence: {points} of 100", points=points),
    )


def elevation(view: Any) -> rx.Component:
    """A rack from its front: unit 1 is at the bottom."""

    def unit(one: Any) -> rx.Component:
        where = {"gridRow": f"{one.row} / span {one.units}", "gridColumn": "2"}
        place = rx.cond(one.units > 1, f"U{one.bottom_u}–{one.bottom_u + one.units - 1}", f"U{one.bottom_u}")
        return rx.match(
            one.kind,
            (
                "server",
                link(
                    rx.el.span(one.name, class_name="strong truncate"),
                    rx.el.span(
                        t_code(one.stock, words.STOCK),
                        rx.cond(one.job_kind, rx.fragment(" · ", t_code(one.job_kind, labels.JOB_DOING)), ""),
                        class_name="rack-word",
                    ),
                    rx.el.span(t_code(one.power, labels.POWER), class_name=f"rack-power {one.power}"),
                    to=f"/stock/{one.server_id}",
                    class_name=f"rack-unit stock-{one.stock}",
                    custom_attrs={"style": where, "title": place},
                ),
            ),
            (
                "free",
                rx.el.span(
                    class_name="rack-unit rack-free", custom_attrs={"style": where}, aria_hidden="true"
                ),
            ),
            rx.el.span(
                rx.el.span(one.name, class_name="truncate"),
                rx.el.span(
                    rx.cond(one.kind == "switch", t("Switch"), t("Other equipment")), class_name="rack-word"
                ),
                class_name="rack-unit rack-thing",
                custom_attrs={"style": where},
                title=place,
            ),
        )

    return rx.el.div(
        rx.foreach(
            view.numbers,
            lambda number, index: rx.el.span(
                number,
                class_name="rack-number num",
                custom_attrs={"style": {"gridRow": index + 1}},
                aria_hidden="true",
            ),
        ),
        rx.foreach(view.units, unit),
        class_name="rack-front",
        role="group",
        aria_label=t("Front of rack {name}", name=view.name),
    )


def fill(used: Any, height: Any) -> rx.Component:
    """How full a rack is."""
    return rx.el.span(
        _meter(used, height, "info"),
        rx.el.small(tn("{n} of {height} U used", "{n} of {height} U used", n=used, height=height)),
        class_name="confidence",
    )


class Intake(rx.Component):
    """The form that takes a machine in; `racks` are those it can stand in, `orders` the numbers of open ones."""

    library = "$/portal/intake"
    tag = "Intake"

    racks: rx.Var[list[Any]]
    orders: rx.Var[list[str]]


class ScreenRecord(rx.Component):
    """The same for where a server's screen is."""

    library = "$/portal/bmc_record"
    tag = "ScreenRecord"

    server: rx.Var[int]
    record: rx.Var[Any]
    has_second_factor: rx.Var[bool]


class BmcRecord(rx.Component):
    """A button with the form that corrects what is on record about a BMC. It sends the password by plain HTTP."""

    library = "$/portal/bmc_record"
    tag = "BmcRecord"

    server: rx.Var[int]
    record: rx.Var[Any]
    disabled: rx.Var[bool]
    has_second_factor: rx.Var[bool]
