"""What the browser gets of a service's contract and its history."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlanChoiceView:
    id: int = 0
    name: str = ""


@dataclass(frozen=True)
class ContractView:
    """What an operator can do to a service now."""

    is_ready: bool = False
    service_id: int = 0
    name: str = ""
    is_running: bool = False
    is_policy: bool = False
    is_unpaid: bool = False
    is_overdue: bool = False
    plan_id: int = 0
    price_minor: int = 0
    currency: str = ""
    term: str = ""
    from_day: str = ""
    plans: list[PlanChoiceView] = field(default_factory=list)


@dataclass(frozen=True)
class ServiceChangeView:
    """A line of a service's history. `plan_before` and `from_term` are empty where nothing of that changed."""

    id: int = 0
    at: str = ""
    kind: str = ""
    by: str = ""
    by_kind: str = ""
    reason: str = ""
    on_day: str = ""
    plan: str = ""
    plan_before: str = ""
    price_minor: int = 0
    currency: str = ""
    term: str = ""
    from_minor: int = 0
    from_currency: str = ""
    from_term: str = ""
    is_rise: bool = False


@dataclass(frozen=True)
class ServiceHistoryView:
    is_ready: bool = False
    service_id: int = 0
    changes: list[ServiceChangeView] = field(default_factory=list)
