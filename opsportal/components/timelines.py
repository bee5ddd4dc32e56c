"""A hardware job as a timeline: named steps with times, what happens now, how it ended, what to do next."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import button, status, tag
from opsportal.components.text import t, t_code


class JobProgress(rx.Component):
    """A bar and a sentence: how long it has taken, of how long it usually takes."""

    library = "$/portal/clock"
    tag = "JobProgress"

    since: rx.Var[str]
    usual: rx.Var[int]


def job_status(job: Any, *, flash: bool = False) -> rx.Component:
    """The status of a job; one that somebody has taken over, or that should have ended, is called so."""
    word = status(job.status, words=labels.JOB, tones=labels.JOB_TONE, flash=flash)
    late = rx.cond(job.is_late, tag(t("Late"), "warn"), word)
    return rx.cond(job.hands.name, tag(t("Taken over"), "warn"), late)


def step_item(step: Any, job: Any) -> rx.Component:
    """A step of a job: its name, what was seen, how long it took."""
    is_spared = (step.note_code != "") | (job.status == "succeeded")
    left_out = rx.cond(is_spared, t("not needed"), t("not reached"))
    is_said_below = step.note_code == job.outcome_code  # a sentence with what to press, under the steps
    note = rx.cond(
        (step.note_code != "") & ~is_said_below, rx.el.small(t_code(step.note_code, labels.STEP_NOTE))
    )
    return rx.el.li(
        rx.el.span(t_code(step.name, labels.STEP), step_word(step, skipped=left_out), note),
        rx.cond(step.started_at, elapsed(step.started_at, until=step.finished_at)),
        class_name=step.status,
        key=step.name,
    )


def step_word(step: Any, *, skipped: Any) -> rx.Component:
    """What the dot shows by colour, for those who do not see it; `skipped`: the word for what did not happen."""
    return rx.match(
        step.status,
        ("done", rx.el.span(", ", t("done"), class_name="visually-hidden")),
        ("running", rx.el.span(", ", t("happening now"), class_name="visually-hidden")),
        ("failed", rx.el.span(", ", t("failed"), class_name="visually-hidden")),
        ("skipped", rx.el.span(" · ", skipped, class_name="sub")),
        rx.el.span(", ", t("still to come"), class_name="visually-hidden"),
    )


def outcome(job: Any) -> rx.Component:
    """How a job ended, in a sentence with the next step; nothing while it goes on."""
    tone = rx.match(job.status, ("succeeded", "ok"), ("failed", "bad"), ("expired", "warn"), "mute")
    return rx.cond(
        job.outcome_code,
        rx.el.p(t_code(job.outcome_code, labels.OUTCOME), class_name=f"outcome {tone}"),
        rx.match(
            job.status,
            (
                "queued",
                rx.el.p(
                    t("Waits for a free worker. If none is free in time it is dropped."), class_name="sub"
                ),
            ),
            (
                "unknown",
                rx.el.p(
                    t("The connection was lost on the way. The server is being asked what really happened."),
                    class_name="outcome warn",
                ),
            ),
            rx.fragment(),
        ),
    )


def by_hand(job: Any) -> rx.Component:
    """Who has taken a job over, and what whoever ended it by hand saw."""
    return rx.fragment(
        rx.cond(
            job.hands.name,
            rx.el.p(
                t("Taken over by {name}", name=job.hands.name), " · ", ago(job.hands.since), class_name="sub"
            ),
        ),
        rx.cond(job.end_note, rx.el.p(rx.el.b(job.ended_by), ": ", job.end_note, class_name="sub seen")),
    )


def job_timeline(job: Any, *, on_cancel: Any, on_retry: Any, more: Any = None) -> rx.Component:
    """The whole of one job. The handlers take the job's id; `more`: further buttons."""
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.h3(
                    rx.cond(
                        job.is_active, t_code(job.kind, labels.JOB_DOING), t_code(job.kind, labels.JOB_KIND)
                    )
                ),
                rx.el.p(
                    t("Started by {actor}", actor=job.actor), " · ", ago(job.created_at), class_name="sub"
                ),
            ),
            job_status(job, flash=True),
            class_name="job-head",
        ),
        rx.cond(
            job.is_active & (job.started_at != ""),
            JobProgress.create(since=job.started_at, usual=job.usual_seconds),
        ),
        rx.el.ol(rx.foreach(job.steps, lambda step: step_item(step, job)), class_name="steps"),
        outcome(job),
        by_hand(job),
        rx.el.div(
            rx.cond(job.can_cancel, button(t("Cancel"), on_click=on_cancel(job.id))),
            rx.cond(job.can_retry, button(t("Try again"), on_click=on_retry(job.id))),
            more or rx.fragment(),
            class_name="row",
        ),
        class_name="job",
        aria_live="polite",
    )
