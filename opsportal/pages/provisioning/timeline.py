"""An installation as a timeline: what was passed, what happens now, what is late and why, and how it ended."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels, provisioning_labels
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import button, card
from opsportal.components.stopping import stop_buttons
from opsportal.components.text import duration, t, t_code
from opsportal.components.timelines import JobProgress, by_hand, job_status, outcome, step_item, step_word
from opsportal.pages.hands import take_button
from opsportal.state.server import ServerState


def _usual(milestone: Any) -> rx.Component:
    """How long this part usually takes: worth knowing while it lasts."""
    return rx.cond(
        (milestone.status == "running") & (milestone.usual_s > 0),
        rx.el.small(t("usually {time}", time=duration(milestone.usual_s))),
    )


def _written(milestone: Any, progress: Any) -> rx.Component:
    """How much is on the disk, as far as the installer tells."""
    is_writing = (milestone.name == "system_written") & (milestone.status == "running") & (progress > 0)
    return rx.cond(is_writing, rx.el.small(t("{n} % written", n=progress)))


def _milestone(milestone: Any, progress: Any) -> rx.Component:
    diagnosis = rx.cond(
        milestone.diagnosis,
        rx.el.small(t_code(milestone.diagnosis, provisioning_labels.DIAGNOSIS), class_name="diagnosis"),
    )
    return rx.el.li(
        rx.el.span(
            t_code(milestone.name, provisioning_labels.MILESTONE),
            step_word(milestone, skipped=t("not reached")),
            _written(milestone, progress),
            _usual(milestone),
            diagnosis,
        ),
        rx.cond(milestone.since, elapsed(milestone.since, until=milestone.reached_at)),
        class_name=rx.cond(milestone.is_late, f"{milestone.status} late", milestone.status),
        key=milestone.name,
    )


def _order(one: Any) -> rx.Component:
    """What was ordered, in a line."""
    parts = (
        rx.cond(one.layout, rx.fragment(t_code(one.layout, provisioning_labels.LAYOUT), " · ")),
        rx.cond(one.hostname, rx.fragment(one.hostname, " · ")),
    )
    return rx.el.p(
        *parts, t("Started by {actor}", actor=one.job.actor), " · ", ago(one.job.created_at), class_name="sub"
    )


def _runs_on(job: Any) -> rx.Component:
    """What now runs on the machine and goes on when its job is done, until something else is done to it."""
    words = rx.match(
        job.kind,
        (
            "rescue",
            t(
                "The rescue system runs until the server is restarted. Sign in by SSH or on the Console tab, then"
                " press Boot from disk."
            ),
        ),
        (
            "memory_test",
            t(
                "The test runs now, again and again, and its result stands on the screen: open the Console tab. When"
                " you have seen enough, press Boot from disk."
            ),
        ),
        "",
    )
    is_newest = (job.status == "succeeded") & (ServerState.server.job.id == job.id)
    return rx.cond(is_newest & (words != ""), rx.el.p(words, class_name="sub"))


def timeline(one: Any, *, server: Any, again: rx.Component) -> rx.Component:
    """`one`: the Var of an `InstallationView`; `server`: the name of its server; `again` orders it again."""
    job = one.job
    title = rx.cond(one.system, one.system, t_code(job.kind, labels.JOB_KIND))
    return card(
        rx.el.div(
            rx.el.div(rx.el.h2(title), _order(one)),
            job_status(job, flash=True),
            class_name="job-head",
        ),
        rx.cond(
            job.is_active & (job.started_at != ""),
            JobProgress.create(since=job.started_at, usual=one.usual_s),
        ),
        rx.el.ol(
            rx.foreach(job.steps, lambda step: step_item(step, job)),
            rx.foreach(one.milestones, lambda milestone: _milestone(milestone, one.progress)),
            class_name="steps installing",
        ),
        outcome(job),
        _runs_on(job),
        by_hand(job),
        rx.cond(
            job.can_cancel,
            rx.el.div(button(t("Cancel"), on_click=ServerState.cancel(job.id)), class_name="row"),
        ),
        rx.cond(job.can_take & ~job.hands.is_other, rx.el.div(take_button(job), class_name="row")),
        stop_buttons(job, name=server),
        rx.el.div(again, class_name="row"),
        class_name="installation",
    )
