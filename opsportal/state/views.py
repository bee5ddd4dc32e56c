"""What goes to the browser: frozen, preformatted only where no language is needed.

Statuses are codes, times ISO 8601 in UTC, money integer minor units with its currency: the
browser words them in the viewer's language. Nothing here carries rights or secrets.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


def iso(moment: dt.datetime | None) -> str:
    """A moment as `2026-11-22T02:00:00Z`, or an empty string."""
    return (
        moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else ""
    )


def iso_day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


@dataclass(frozen=True)
class NoticeView:
    """A toast: shown once per id."""

    id: str = ""
    kind: str = "info"
    msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class ProblemView:
    """Why a page shows no data: `code` is "" while there is no problem."""

    code: str = ""
    msgid: str = ""
    error_id: str = ""


@dataclass(frozen=True)
class MeView:
    person_id: int = 0
    name: str = ""
    initials: str = ""
    email: str = ""
    role: str = ""
    company: str = ""
    locale: str = ""
    has_second_factor: bool = False


@dataclass(frozen=True)
class OutageView:
    """What of the machinery is out of order: queue, lost, redis or dispatcher, and of which queue."""

    kind: str = ""
    queue: str = ""
    since: str = ""


@dataclass(frozen=True)
class CountersView:
    """The numbers beside the menu."""

    server: int = 0
    storage: int = 0
    hosting: int = 0
    vpn: int = 0
    domain: int = 0
    active_jobs: int = 0
    outages: list[OutageView] = field(default_factory=list)


@dataclass(frozen=True)
class StepView:
    name: str = ""
    status: str = ""
    note_code: str = ""
    started_at: str = ""
    finished_at: str = ""


@dataclass(frozen=True)
class HandsView:
    """In whose hands a job is. What the machine said is for staff; `may_settle`: it has been asked."""

    name: str = ""
    person_id: int = 0
    since: str = ""
    is_mine: bool = False
    is_other: bool = False
    is_asking: bool = False
    answer: str = ""
    verdict: str = ""
    answered_at: str = ""
    may_settle: bool = False
    can_retry: bool = False
    can_end: bool = False
    can_be_done: bool = False


@dataclass(frozen=True)
class JobView:
    """A hardware job with its steps."""

    id: int = 0
    server_id: int = 0
    server: str = ""
    company: str = ""
    kind: str = ""
    status: str = ""
    is_active: bool = False
    is_late: bool = False
    late_since: str = ""
    hands: HandsView = field(default_factory=HandsView)
    can_take: bool = False
    can_cancel: bool = False
    can_retry: bool = False
    can_stop: bool = False
    actor: str = ""
    created_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    usual_seconds: int = 0
    outcome_code: str = ""
    commands_sent: int = 0
    worker: str = ""
    ended_by: str = ""
    end_note: str = ""
    """What whoever ended it by hand saw; for staff."""
    steps: list[StepView] = field(default_factory=list)


@dataclass(frozen=True)
class RiseView:
    """That a service costs more than it did lately. Empty `at`: it does not."""

    at: str = ""
    from_minor: int = 0
    from_term: str = ""
    by: str = ""
    """A person's name; empty where `by_kind` says all that is to be said."""
    by_kind: str = ""


@dataclass(frozen=True)
class ServiceView:
    """A row of the services list."""

    id: int = 0
    name: str = ""
    family: str = ""
    plan: str = ""
    ip: str = ""
    status: str = ""
    suspension_reason: str = ""
    suspension_note: str = ""
    also_unpaid: bool = False
    termination_on: str = ""
    period_end: str = ""
    price_minor: int = 0
    currency: str = ""
    term: str = ""
    server_id: int = 0
    power: str = ""
    company_id: int = 0
    company: str = ""
    rise: RiseView = field(default_factory=RiseView)


@dataclass(frozen=True)
class ServiceListView:
    is_ready: bool = False
    rows: list[ServiceView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class DashboardView:
    is_ready: bool = False
    total: int = 0
    active: int = 0
    suspended: int = 0
    termination_requests: int = 0
    services: list[ServiceView] = field(default_factory=list)


@dataclass(frozen=True)
class NewestJobsView:
    is_ready: bool = False
    jobs: list[JobView] = field(default_factory=list)


@dataclass(frozen=True)
class AuditView:
    id: int = 0
    at: str = ""
    tag: str = ""
    actor: str = ""
    object_kind: str = ""
    object_id: int = 0
    object_name: str = ""
    ip: str = ""


@dataclass(frozen=True)
class ServerView:
    """A server as its tenant, a technician or an operator sees it."""

    is_ready: bool = False
    id: int = 0
    name: str = ""
    model: str = ""
    cpu: str = ""
    memory_gb: int = 0
    disks: str = ""
    mac: str = ""
    ip: str = ""
    site: str = ""
    rack: str = ""
    power: str = "unknown"
    power_verified_at: str = ""
    bmc_error_code: str = ""
    can_switch: bool = False
    is_blocked: bool = False
    """A block keeps it off the network."""
    service: ServiceView = field(default_factory=ServiceView)
    job: JobView = field(default_factory=JobView)
    taken: JobView = field(default_factory=JobView)
    """The job that somebody has taken over, if anybody has; often the newest."""


@dataclass(frozen=True)
class SessionView:
    id: int = 0
    is_current: bool = False
    ip: str = ""
    user_agent: str = ""
    signed_in_at: str = ""
    last_seen_at: str = ""
    used_second_factor: bool = False


@dataclass(frozen=True)
class AccountView:
    is_ready: bool = False
    name: str = ""
    email: str = ""
    role: str = ""
    company: str = ""
    mail_to: str = ""
    """Where mails go, if not to the sign-in's address."""
    locale: str = ""
    time_zone: str = ""
    has_second_factor: bool = False
    second_factor_since: str = ""
    recovery_codes_left: int = 0
    last_sign_in_at: str = ""
    last_sign_in_ip: str = ""
    sessions: list[SessionView] = field(default_factory=list)


@dataclass(frozen=True)
class FleetRowView:
    id: int = 0
    name: str = ""
    site: str = ""
    rack: str = ""
    model: str = ""
    ip: str = ""
    power: str = ""
    power_verified_at: str = ""
    bmc_error_code: str = ""
    company: str = ""
    job_kind: str = ""
    job_status: str = ""
    stock: str = ""
    confidence: int = 0
    differences: int = 0
    bmc: str = ""


@dataclass(frozen=True)
class FleetView:
    is_ready: bool = False
    on: int = 0
    off: int = 0
    unknown: int = 0
    rows: list[FleetRowView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1
    stock: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class CompanyRowView:
    id: int = 0
    name: str = ""
    country: str = ""
    currency: str = ""
    running: int = 0
    suspended: int = 0


@dataclass(frozen=True)
class PersonView:
    id: int = 0
    name: str = ""
    email: str = ""
    locale: str = ""
    has_second_factor: bool = False
    is_active: bool = True


@dataclass(frozen=True)
class CompaniesView:
    is_ready: bool = False
    rows: list[CompanyRowView] = field(default_factory=list)


@dataclass(frozen=True)
class CompanyView:
    is_ready: bool = False
    id: int = 0
    name: str = ""
    country: str = ""
    currency: str = ""
    people: list[PersonView] = field(default_factory=list)
    services: list[ServiceView] = field(default_factory=list)
    service_total: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class AuditListView:
    is_ready: bool = False
    rows: list[AuditView] = field(default_factory=list)
    next_before: int = 0


@dataclass(frozen=True)
class HitView:
    """A result of the command palette."""

    kind: str = ""
    label: str = ""
    detail: str = ""
    href: str = ""


def initials(name: str) -> str:
    """At most two letters for the avatar."""
    return "".join(part[0] for part in name.split()[:2]).upper()


@dataclass(frozen=True)
class ServerHistoryView:
    """Jobs of a server and who did what. `job_id`: the one that is looked for; it is the first of `jobs`."""

    is_ready: bool = False
    server_id: int = 0
    job_id: int = 0
    jobs: list[JobView] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    """Of the first job, for staff only."""
    events: list[AuditView] = field(default_factory=list)
