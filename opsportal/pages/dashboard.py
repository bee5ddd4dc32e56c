"""The client's first page: what there is, what runs, what just happened."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.elements import Flash, Greeting, Moved, card, link, skeleton, stat, tag
from opsportal.components.headers import header
from opsportal.components.states import empty, lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import date, t, t_code, tn
from opsportal.components.timelines import job_status
from opsportal.pages.billing.tiles import cost_tile, invoices_tile, tile_problem
from opsportal.pages.frame import framed
from opsportal.pages.services import name_cell, power_cell, price_cell, status_cell
from opsportal.pages.support.tiles import open_tickets_tile
from opsportal.pages.traffic.tiles import traffic_today_tile
from opsportal.state.dashboard import DashboardState, NewestJobsState
from opsportal.state.shell import ShellState

_COLUMNS = (
    Column(t("Service"), name_cell),
    Column(t("Plan"), lambda s: s.plan, show="wide"),
    Column(t("Status"), status_cell),
    Column(t("Power"), power_cell, show="widest"),
    Column(t("Paid until"), lambda s: rx.el.span(date(s.period_end), class_name="num nowrap"), show="widest"),
    Column(t("Price"), price_cell, right=True, show="wide"),
)


def _summary(view: Any) -> rx.Component:
    """How the services are, and what is unpaid."""
    strip = ShellState.strip
    services = rx.cond(
        view.suspended > 0,
        link(
            tn("{n} service is suspended.", "{n} services are suspended.", n=view.suspended),
            to="/services?status=suspended",
        ),
        rx.cond(view.total > 0, t("Everything is running."), t("Nothing has been ordered yet.")),
    )
    unpaid = rx.cond(
        strip.overdue > 0,
        link(
            tn("{n} invoice is overdue.", "{n} invoices are overdue.", n=strip.overdue),
            to="/billing/invoices?status=overdue",
        ),
        rx.cond(
            strip.unpaid > 0,
            link(
                tn("{n} invoice is open.", "{n} invoices are open.", n=strip.unpaid), to="/billing/invoices"
            ),
            "",
        ),
    )
    return rx.cond(view.is_ready, rx.fragment(services, " ", unpaid), skeleton("sub"))


def _counters(view: Any) -> rx.Component:
    ready = view.is_ready
    return rx.el.div(
        stat(t("Total services"), view.total, to="/services", ready=ready),
        stat(
            t("Active"),
            view.active,
            to="/services?status=active",
            ready=ready,
            note=rx.cond(view.active > 0, tag(t("running"), "ok")),
        ),
        stat(
            t("Suspended"),
            view.suspended,
            to="/services?status=suspended",
            ready=ready,
            note=rx.cond(view.suspended > 0, tag(t("paused"), "bad")),
        ),
        stat(
            t("Termination request"),
            view.termination_requests,
            to="/services?status=termination",
            ready=ready,
        ),
        class_name="grid fours",
    )


def _families() -> rx.Component:
    counters = ShellState.counters
    counts = {
        "server": counters.server,
        "storage": counters.storage,
        "hosting": counters.hosting,
        "vpn": counters.vpn,
        "domain": counters.domain,
    }
    tiles = (
        link(
            rx.el.small(t(words)),
            Flash.create(rx.el.b(counts[family], class_name="num"), of=counts[family]),
            to=f"/services?family={family}",
            class_name="tile",
        )
        for family, words in labels.FAMILY.items()
    )
    return card(rx.el.div(*tiles, class_name="tiles"), title=t("By family"))


def _job(job: Any) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            link(job.server, to=f"/servers/{job.server_id}", class_name="row-link strong"),
            rx.el.small(t_code(job.kind, labels.JOB_KIND), " · ", job.actor, " · ", ago(job.created_at)),
        ),
        job_status(job, flash=True),
        key=job.id,
    )


def _jobs() -> rx.Component:
    view, problem = NewestJobsState.newest, NewestJobsState.problem
    shown = rx.cond(
        view.jobs.length() > 0,
        rx.el.ul(rx.foreach(view.jobs, _job), class_name="list"),
        empty(
            t("Nothing has been done yet"),
            t("Power actions on your servers will appear here, step by step."),
        ),
    )
    return card(
        rx.cond(problem.code, tile_problem(problem), rx.cond(view.is_ready, shown, lines(4, "two"))),
        title=t("Newest jobs"),
    )


def _services(view: Any) -> rx.Component:
    problem = DashboardState.services_problem
    listed = table(
        _COLUMNS,
        view.services,
        key=lambda s: s.id,
        label=t("Services"),
        ready=view.is_ready,
        expected=6,
        empty=empty(t("No services yet"), t("What your company orders will be listed here.")),
    )
    return card(
        rx.cond(problem.code, tile_problem(problem), listed),
        title=t("Services"),
        side=link(t("Show all"), to="/services", class_name="sub"),
    )


def dashboard_page() -> rx.Component:
    """What there is, what it costs, what waits, what happens: each tile on its own. Staff are led to the queues."""
    view, role = DashboardState.dashboard, ShellState.me.role
    return framed(
        page_body(
            problem_view=DashboardState.problem,
            ready=(role != "operator") & (role != "technician"),
            content=rx.fragment(
                header(Greeting.create(name=ShellState.me.name), sub=_summary(view)),
                _counters(view),
                cost_tile(),
                rx.el.div(
                    rx.el.div(_services(view), _families(), traffic_today_tile(), class_name="stack"),
                    rx.el.div(invoices_tile(), open_tickets_tile(), _jobs(), class_name="stack"),
                    class_name="grid two-one",
                ),
            ),
            loading=rx.fragment(Moved.create(to="/queues"), header(skeleton("title")), lines(4)),
            retry=DashboardState.open,
        )
    )
