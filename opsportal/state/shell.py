"""What every page shows around its content: who I am, the menu's counters, notices, the palette."""

from __future__ import annotations

from typing import Any, Literal

import reflex as rx
from sqlalchemy import func
from sqlmodel import col, select

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts import profile
from opsportal.domain.billing import invoices
from opsportal.domain.catalog import services
from opsportal.domain.hardware import topics
from opsportal.domain.inventory import search
from opsportal.domain.support import desk, lists
from opsportal.domain.support import topics as tickets
from opsportal.domain.upkeep import outages
from opsportal.domain.upkeep.troubles import kind_of, queue_of
from opsportal.models import ACTIVE_JOB, Company, HardwareJob, Person
from opsportal.state.billing.strip import read_strip, strip_topics
from opsportal.state.billing.views import StripView
from opsportal.state.guard import PUBLIC, allow, current_actor
from opsportal.state.showing import StateView
from opsportal.state.support.views import SupportCountersView
from opsportal.state.views import (
    CountersView,
    HitView,
    MeView,
    NoticeView,
    OutageView,
    ProblemView,
    initials,
    iso,
)
from opsportal.state.wire import Search

MAX_HITS = 8


class ShellState(rx.State):
    """The frame of every page."""

    me: MeView = MeView()
    counters: CountersView = CountersView()
    support: SupportCountersView = SupportCountersView()
    strip: StripView = StripView()
    notice: NoticeView = NoticeView()
    me_problem: ProblemView = ProblemView()
    counters_problem: ProblemView = ProblemView()
    support_problem: ProblemView = ProblemView()
    strip_problem: ProblemView = ProblemView()

    @allow(Permission.OWN_ACCOUNT)
    async def set_locale(self, locale: Literal["en", "uk", "es"]) -> None:
        """Remember the language; the browser has switched already."""
        await in_unit(profile.set_locale, current_actor(), locale)

    @allow(PUBLIC)
    async def dismiss(self) -> None:
        """The notice was read."""
        self.notice = NoticeView()


class PaletteState(rx.State):
    """⌘K: finds what the actor may see."""

    hits: list[HitView] = []  # noqa: RUF012 (Reflex copies a state's defaults)
    query: str = ""

    @allow(Permission.OWN_ACCOUNT)
    async def search(self, query: Search) -> None:
        """Find whatever the actor may see by name, address or number."""
        self.query = query.strip()
        self.hits = await in_unit(_find, current_actor(), self.query) if len(self.query) >= 2 else []


def _find(unit: Unit, actor: Actor, query: str) -> list[HitView]:
    hits = [HitView(hit.kind, hit.label, hit.detail, hit.path) for hit in search.find(actor, unit, query)]
    hits += _find_services(unit, actor, query, {hit.href for hit in hits})
    hits += _find_invoices(unit, actor, query)
    hits += _find_tickets(unit, actor, query)
    if actor.may(Permission.COMPANIES_VIEW):
        hits += [
            HitView("company", company.name, company.country, f"/companies/{company.id}")
            for company, _, _ in services.list_companies(actor, unit, search=query)[:MAX_HITS]
        ]
    return hits


def _find_services(unit: Unit, actor: Actor, query: str, found: set[str]) -> list[HitView]:
    """A client's own, by any part of their name; not beside the machine of one that was found already."""
    if actor.is_staff:
        return []
    rows, _ = services.list_services(actor, unit, services.ServiceFilter(search=query))
    return [
        HitView(row.plan.family, row.service.name, row.plan.name, f"/services/{row.service.id}")
        for row in rows[:MAX_HITS]
        if row.server is None or f"/servers/{row.server.id}" not in found
    ]


def _find_invoices(unit: Unit, actor: Actor, query: str) -> list[HitView]:
    """Documents by number, service or plan; for finance by company too."""
    if not actor.may(Permission.BILLING_VIEW):
        return []
    page = invoices.list_invoices(actor, unit, invoices.InvoiceFilter(search=query))
    return [
        HitView(
            "invoice",
            row.invoice.number or "",
            row.company.name if actor.is_staff else row.invoice.issued_on.isoformat(),
            f"/billing/invoices/{row.invoice.id}",
        )
        for row in page.rows[:MAX_HITS]
    ]


def _find_tickets(unit: Unit, actor: Actor, query: str) -> list[HitView]:
    """A client's own, open ones first; for staff those of the desk."""
    if actor.may(Permission.DESK_WORK):
        found, _ = desk.list_desk(actor, unit, desk.DeskFilter(search=query))
        return [
            HitView(
                "ticket",
                row.ticket.subject,
                f"#{row.ticket.id} · {row.company_name}",
                f"/desk/{row.ticket.id}",
            )
            for row in found[:MAX_HITS]
        ]
    if not actor.may(Permission.TICKETS_USE):
        return []
    own = [
        row
        for tab in (lists.Tab.OPEN, lists.Tab.CLOSED)
        for row in lists.list_tickets(actor, unit, lists.TicketFilter(tab=tab, search=query))[0]
    ]
    return [
        HitView("ticket", row.ticket.subject, f"#{row.ticket.id}", f"/tickets/{row.ticket.id}")
        for row in own[:MAX_HITS]
    ]


def read_me(unit: Unit, actor: Actor, _: Any) -> MeView:
    person = unit.get_one(Person, actor.person_id)
    company = unit.get(Company, person.company_id) if person.company_id else None
    return MeView(
        person_id=actor.person_id,
        name=person.name,
        initials=initials(person.name),
        email=person.email,
        role=person.role,
        company=company.name if company else "",
        locale=person.locale,
        has_second_factor=person.totp_enabled_at is not None,
    )


def read_counters(unit: Unit, actor: Actor, _: Any) -> CountersView:
    if actor.may(Permission.JOBS_WATCH):
        active = unit.scalar(
            select(func.count()).select_from(HardwareJob).where(col(HardwareJob.status).in_(ACTIVE_JOB))
        )
        told = [
            OutageView(kind_of(row.part), queue_of(row.part), iso(row.since))
            for row in outages.list_open(actor, unit)
        ]
        return CountersView(active_jobs=int(active or 0), outages=told)
    return CountersView(**services.count_services(actor, unit).families)


def counter_topics(actor: Actor, _: Any) -> frozenset[str]:
    if actor.may(Permission.JOBS_WATCH):
        return frozenset({topics.JOBS, outages.TOPIC})
    return frozenset({f"company:{actor.company_id}:services"})


def read_support(unit: Unit, actor: Actor, _: Any) -> SupportCountersView:
    if actor.may(Permission.DESK_WORK):
        counts = desk.count_desk(actor, unit)
        return SupportCountersView(unread=counts.unread, open=counts.open, owed=counts.owed)
    own = lists.count_tickets(actor, unit)
    return SupportCountersView(unread=own.unread, open=own.open)


def support_topics(actor: Actor, _: Any) -> frozenset[str]:
    own = tickets.person_tickets(actor.person_id)
    return frozenset(
        {own, tickets.DESK if actor.is_staff else tickets.company_tickets(actor.company_id or 0)}
    )


ME = StateView(
    "me",
    ShellState,
    "me",
    read_me,
    lambda actor, _: frozenset({f"person:{actor.person_id}"}),
    is_personal=True,
    problem_var="me_problem",
    empty=MeView(),
)
COUNTERS = StateView(
    "counters",
    ShellState,
    "counters",
    read_counters,
    counter_topics,
    problem_var="counters_problem",
    empty=CountersView(),
)
SUPPORT = StateView(
    "support",
    ShellState,
    "support",
    read_support,
    support_topics,
    is_personal=True,
    problem_var="support_problem",
    empty=SupportCountersView(),
)
STRIP = StateView(
    "strip",
    ShellState,
    "strip",
    read_strip,
    strip_topics,
    is_personal=True,  # what is new depends on who has looked
    problem_var="strip_problem",
    empty=StripView(),
)
SHELL = ((ME, None), (STRIP, None), (COUNTERS, None), (SUPPORT, None))
