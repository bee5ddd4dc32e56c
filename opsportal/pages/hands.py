"""Jobs in people's hands: who has one, what the machine says, what that person does next; and the way to the queues."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button, button_link, link, tag
from opsportal.components.machine import ReasonButton
from opsportal.components.text import t, t_code
from opsportal.components.timelines import job_status
from opsportal.locale import N_
from opsportal.state.server import ServerState
from opsportal.state.shell import ShellState
from opsportal.state.takeovers import TakeoverState


def take_button(job: Any) -> rx.Component:
    """Take over, or take from whoever has it."""
    hands = job.hands
    take = TakeoverState.take(job.id, hands.person_id)
    return rx.cond(
        job.can_take,
        rx.cond(
            hands.is_other,
            confirm_button(
                t("Take from {name}…", name=hands.name),
                title=t("Take this job from {name}?", name=hands.name),
                text=t(
                    "{name} will see that you have it. Agree first who touches the machine.", name=hands.name
                ),
                confirm=t("Take it"),
                on_confirm=take,
            ),
            confirm_button(
                t("Take over…"),
                title=t("Take job #{id} over?", id=job.id),
                text=t(
                    "From now on no worker acts on it, nothing is repeated, and nobody else can start anything on this"
                    " server. The machine is asked first how it is; then you decide."
                ),
                confirm=t("Take over"),
                on_confirm=take,
            ),
        ),
    )


_ENCODED = rx.vars.FunctionStringVar.create("encodeURIComponent")


def in_queues(server_name: Any) -> rx.Component:
    """For staff: this server's jobs among the queues, from where its name leads back."""
    address = "/queues?server=" + _ENCODED.call(server_name).to(str)
    return rx.cond(
        ShellState.me.role != "client", link(t("Its jobs in the queues"), to=address, class_name="sub")
    )


def who_has_it(hands: Any) -> rx.Component:
    """A name and since when; nothing for a job that is nobody's."""
    name = rx.cond(hands.is_mine, t("You"), hands.name)
    return rx.cond(hands.name, rx.el.small(name, " · ", ago(hands.since, class_name="nowrap")))


def _machine_says(job: Any) -> rx.Component:
    """What was told when the machine was asked, and what would follow from it."""
    hands = job.hands
    told = rx.el.p(
        t("The machine was asked:"),
        " ",
        rx.el.b(t_code(hands.answer, labels.ANSWER)),
        " ",
        rx.cond(hands.verdict, t_code(hands.verdict, labels.VERDICT), ""),
        " · ",
        ago(hands.answered_at),
        class_name="outcome info",
    )
    return rx.cond(
        hands.is_asking,
        rx.el.p(
            t("The machine is being asked. Until it has answered, nothing can be ended or repeated."),
            class_name="outcome warn",
            aria_busy="true",
        ),
        rx.cond(hands.answer, told),
    )


def _end_button(job: Any, *, is_done: bool) -> rx.Component:
    words = (
        (t("End as done…"), t("End job #{id} as done?", id=job.id), t("End as done"))
        if is_done
        else (t("End as failed…"), t("End job #{id} as failed?", id=job.id), t("End as failed"))
    )
    label, title, confirm = words
    return ReasonButton.create(
        label=label,
        title=title,
        text=t(
            "The server is free again for everybody. What you write is kept with the job. A job that has failed already stays so."
        ),
        confirm=confirm,
        reason_label=t("What have you seen?"),
        disabled=~job.hands.can_be_done if is_done else ~job.hands.can_end,
        on_confirm=lambda seen, _: TakeoverState.end(job.id, is_done, seen),
        class_name="btn",
    )


def _what_next(job: Any) -> rx.Component:
    hands = job.hands
    return rx.el.div(
        button(t("Ask the machine"), on_click=TakeoverState.ask(job.id), disabled=hands.is_asking),
        rx.cond(job.status == "failed", rx.fragment(), _end_button(job, is_done=True)),
        _end_button(job, is_done=False),
        rx.cond(hands.can_retry, button(t("Try again"), on_click=TakeoverState.again(job.id))),
        rx.cond(job.can_cancel, button(t("Cancel"), on_click=ServerState.cancel(job.id))),
        rx.cond(job.can_stop, button_link(t("Stop…"), to=f"/servers/{job.server_id}?tab=reinstall")),
        confirm_button(
            t("Hand back…"),
            title=t("Hand job #{id} back?", id=job.id),
            text=t(
                "What has not ended goes on by the usual rules: workers begin it or find out how it ended, and its time"
                " limits count again."
            ),
            confirm=t("Hand back"),
            on_confirm=TakeoverState.hand_back(job.id),
        ),
        class_name="row",
    )


def own_job(job: Any) -> rx.Component:
    """A job of mine: how it stands, what the machine says, and the ways on."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.h3(
                    rx.cond(
                        job.server,
                        link(job.server, to=f"/servers/{job.server_id}", class_name="row-link strong"),
                    ),
                    rx.cond(job.server, " · ", ""),
                    t_code(job.kind, labels.JOB_KIND),
                    rx.el.span(f" #{job.id}", class_name="num sub"),
                ),
                ago(job.hands.since, text=N_("Taken over {ago}"), class_name="sub"),
            ),
            job_status(job, flash=True),
            class_name="job-head",
        ),
        _machine_says(job),
        _what_next(job),
        class_name="job",
        key=job.id,
    )


def taken_banner(job: Any) -> rx.Component:
    """On the server's page: somebody has a job of it, so nothing else may be started; mine with all I can do."""
    hands = job.hands
    others = rx.el.div(
        tag(t("Taken over"), "warn"),
        rx.el.span(
            t(
                "{name} has taken over job #{id} of this server. Nothing else may be started on it until that is settled.",
                name=hands.name,
                id=job.id,
            ),
            " ",
            ago(hands.since, class_name="sub"),
        ),
        take_button(job),
        class_name="banner warn row taken",
        role="status",
    )
    return rx.cond(
        job.id > 0, rx.cond(hands.is_mine, rx.el.section(own_job(job), class_name="card in-hands"), others)
    )
