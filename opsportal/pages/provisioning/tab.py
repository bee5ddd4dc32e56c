"""The Reinstall tab of a server: the installation under way beside its serial log, or the order of a new one."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.addresses import route_number
from opsportal.components.clock import ago, elapsed
from opsportal.components.elements import card, skeleton
from opsportal.components.provisioning import InstallAgain, PasswordOnce, SerialLog
from opsportal.components.states import empty, lines, part
from opsportal.components.tables import Column, table
from opsportal.components.text import t, t_code
from opsportal.components.timelines import job_status
from opsportal.pages.provisioning.ordering import checks, order, other_ways
from opsportal.pages.provisioning.timeline import timeline
from opsportal.state.provisioning.tab import ReinstallState

_PAST = (
    Column(
        t("What"),
        lambda one: rx.el.div(
            rx.el.span(
                rx.cond(one.system, one.system, t_code(one.job.kind, labels.JOB_KIND)), class_name="strong"
            ),
            rx.el.small(t_code(one.job.kind, labels.JOB_KIND), " · ", f"#{one.job.id}", class_name="num"),
            class_name="steady",
        ),
    ),
    Column(t("Status"), lambda one: job_status(one.job, flash=True)),
    Column(
        t("Outcome"),
        lambda one: rx.cond(one.job.outcome_code, t_code(one.job.outcome_code, labels.OUTCOME), ""),
        show="widest",
    ),
    Column(t("By"), lambda one: rx.el.span(one.job.actor, class_name="steady"), show="wide"),
    Column(
        t("Took"),
        lambda one: rx.cond(
            one.job.started_at,
            elapsed(one.job.started_at, until=one.job.finished_at, class_name="num nowrap"),
        ),
        right=True,
        show="wide",
    ),
    Column(t("Asked"), lambda one: ago(one.job.created_at, class_name="steady"), right=True),
    Column(rx.el.span(t("Actions"), class_name="visually-hidden"), lambda one: _again(one), right=True),
)


def _again(one: Any) -> rx.Component:
    """Whatever was installed can be ordered again, once nothing is under way."""
    view = ReinstallState.reinstall
    return rx.cond(
        (one.system != "") & ~one.job.is_active,
        InstallAgain.create(server=view.server_id, job=one.job.id, disabled=view.now.job.is_active),
    )


def _serial(view: Any) -> rx.Component:
    return card(
        SerialLog.create(
            job=view.job_id, size=view.size, active=view.is_active, label=t("Serial log of this job")
        ),
        title=t("Serial log"),
        side=rx.el.span(t("Read only"), class_name="sub"),
        class_name="serial-card",
    )


def _past(view: Any) -> rx.Component:
    nothing = empty(
        t("Nothing was installed yet"),
        t("Every installation, rescue and wipe is kept here with its outcome."),
    )
    return card(
        table(_PAST, view.past, key=lambda one: one.job.id, label=t("Installations"), empty=nothing),
        title=t("Installations"),
    )


def _newest(view: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            timeline(view.now, server=view.name, again=_again(view.now)),
            PasswordOnce.create(job=view.now.job.id),
            class_name="stack",
        ),
        _serial(ReinstallState.serial),
        class_name="grid install-grid",
    )


def _ordering(view: Any) -> rx.Component:
    return rx.el.div(
        order(view),
        rx.el.div(checks(view), other_ways(view), class_name="stack"),
        class_name="grid order-grid",
    )


def reinstall_tab() -> rx.Component:
    """Everything below the tabs."""
    view = ReinstallState.reinstall
    return part(
        ReinstallState.problem,
        ready=view.is_ready & (view.server_id == route_number("server_id")),
        content=rx.fragment(
            rx.cond(view.now.job.id > 0, _newest(view)),
            rx.cond(view.now.job.is_active, rx.fragment(), _ordering(view)),
            _past(view),
        ),
        loading=rx.el.div(
            card(lines(9), title=skeleton("title")),
            card(lines(6), title=skeleton("title")),
            class_name="grid order-grid",
        ),
    )
