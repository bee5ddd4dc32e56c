"""What the page of nightly runs is given."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.billing.views import AmountView


@dataclass(frozen=True)
class ObstacleView:
    service_id: int = 0
    service: str = ""
    code: str = ""


@dataclass(frozen=True)
class PlannedView:
    """What a run will do for one company."""

    company_id: int = 0
    company: str = ""
    currency: str = ""
    invoices: int = 0
    services: int = 0
    first_due_on: str = ""
    total_minor: int = 0
    obstacles: list[ObstacleView] = field(default_factory=list)


@dataclass(frozen=True)
class RunView:
    id: int = 0
    kind: str = ""
    on_day: str = ""
    started_at: str = ""
    finished_at: str = ""
    companies: int = 0
    documents: int = 0
    errors: int = 0
    totals: list[AmountView] = field(default_factory=list)


@dataclass(frozen=True)
class RunErrorView:
    id: int = 0
    run_id: int = 0
    company_id: int = 0
    company: str = ""
    service_id: int = 0
    service: str = ""
    code: str = ""
    detail: str = ""


@dataclass(frozen=True)
class DifferenceView:
    """Something that the gateway and our ledger tell differently."""

    id: int = 0
    kind: str = ""
    object_ref: str = ""
    payment_id: int = 0
    ours_minor: int = 0
    ours_currency: str = ""
    theirs_minor: int = 0
    theirs_currency: str = ""
    found_at: str = ""


@dataclass(frozen=True)
class GatewayView:
    """The newest comparison with the gateway's own list, and what is still open."""

    is_ready: bool = False
    checked_at: str = ""
    compared: int = 0
    problem_code: str = ""
    differences: list[DifferenceView] = field(default_factory=list)


@dataclass(frozen=True)
class RunsView:
    """Tonight's run as it would go, and those that were."""

    is_ready: bool = False
    on_day: str = ""
    companies: int = 0
    invoices: int = 0
    services: int = 0
    obstacles: int = 0
    totals: list[AmountView] = field(default_factory=list)
    plans: list[PlannedView] = field(default_factory=list)
    runs: list[RunView] = field(default_factory=list)
    errors: list[RunErrorView] = field(default_factory=list)
