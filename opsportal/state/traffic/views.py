"""What pages show of traffic: lists side by side, one entry a step, None where a gap is.

Rates are whole bits a second, named from the server's side. Totals are text: a year of a fast port has more
bytes than a JavaScript number holds exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.inventory.record_views import CableView, CheckView, SwitchRecordView


@dataclass(frozen=True)
class GapView:
    """A time without any measurement. `cause`: silent, reboot, too_fast, ambiguous or missing."""

    start: str = ""
    end: str = ""
    cause: str = ""
    seconds: int = 0


@dataclass(frozen=True)
class GraphView:
    """The graph of one server over one span."""

    is_ready: bool = False
    server_id: int = 0
    span: str = "day"
    start: str = ""
    end: str = ""
    step_s: int = 300
    in_bps: list[int | None] = field(default_factory=list)
    out_bps: list[int | None] = field(default_factory=list)
    in_max_bps: list[int | None] = field(default_factory=list)
    out_max_bps: list[int | None] = field(default_factory=list)
    covered_s: list[int] = field(default_factory=list)
    interpolated: list[int] = field(default_factory=list)
    """Indices of steps in which polls were missed."""
    gaps: list[GapView] = field(default_factory=list)
    """The newest first; no more than a page can show."""
    gap_count: int = 0
    gap_s: int = 0
    in_bytes: str = "0"
    out_bytes: str = "0"
    method: str = ""
    in_p95_bps: int | None = None
    out_p95_bps: int | None = None
    billed_bps: int | None = None
    samples: int = 0
    expected: int = 0
    coverage_bp: int = 0
    latest_at: str = ""
    latest_in_bps: int | None = None
    latest_out_bps: int | None = None
    has_port: bool = True


@dataclass(frozen=True)
class StepView:
    """A step of a plan's traffic that was reached in this cycle."""

    step: int = 0
    at: str = ""
    outcome: str = ""


@dataclass(frozen=True)
class CycleView:
    """The billing cycle of one server's service against what its plan includes."""

    is_ready: bool = False
    server_id: int = 0
    service_id: int = 0
    """0: it serves nobody, and there is no cycle."""
    first: str = ""
    last: str = ""
    """The cycle's last day."""
    used_bytes: str = "0"
    included_bytes: str = ""
    """Empty: the plan includes all of it."""
    left_bytes: str = "0"
    over_bytes: str = "0"
    used_bp: int = 0
    """Of what is included, in basis points; more than 10,000 beyond it."""
    counted: str = ""
    action: str = ""
    limit_mbps: int = 0
    price_minor: int = 0
    currency: str = ""
    unit_bytes: str = "0"
    billed_bps: int | None = None
    coverage_bp: int = 0
    steps: list[StepView] = field(default_factory=list)
    is_exempt: bool = False
    overage_units: int = 0
    overage_first: str = ""
    """The first day of the cycle that went beyond the plan."""
    overage_minor: int = 0
    overage_invoice: int = 0


@dataclass(frozen=True)
class TodayView:
    """Traffic today of a company's servers, and their last 24 hours as two small lines."""

    is_ready: bool = False
    servers: int = 0
    in_bytes: str = "0"
    out_bytes: str = "0"
    since: str = ""
    in_now_bps: int | None = None
    out_now_bps: int | None = None
    last_sample_at: str = ""
    in_bps: list[int | None] = field(default_factory=list)
    out_bps: list[int | None] = field(default_factory=list)


@dataclass(frozen=True)
class PollerView:
    """A switch as those who run the data centre see it."""

    id: int = 0
    name: str = ""
    site: str = ""
    host: str = ""
    ports: int = 0
    missing_ports: int = 0
    last_sample_at: str = ""
    last_attempt_at: str = ""
    poll_ms: int | None = None
    error_code: str = ""
    failed_since: str = ""
    gaps: int = 0
    gap_s: int = 0
    status: str = "waiting"
    """ok, failing, or waiting for its first sample."""


@dataclass(frozen=True)
class PortView:
    id: int = 0
    name: str = ""
    index: int | None = None
    speed_mbps: int | None = None
    counter_bits: int = 64
    link: str = "unknown"
    """up, down, off (told so), unknown, or missing: the switch has no such port at present."""
    server_id: int = 0
    server: str = ""
    nic: str = ""
    is_uplink: bool = False
    is_enabled: bool = True
    is_ordered: bool = False
    may_be_set: bool = False
    outcome_code: str = ""
    in_bps: int | None = None
    out_bps: int | None = None
    in_errors: int | None = None
    out_errors: int | None = None
    errors_at: str = ""


@dataclass(frozen=True)
class LimitView:
    """A limit that a person has to set on a switch, or to lift."""

    id: int = 0
    service: str = ""
    server_id: int = 0
    server: str = ""
    ports: str = ""
    limit_mbps: int = 0
    since: str = ""
    until: str = ""
    """The first day on which it holds no longer."""
    is_to_lift: bool = False


@dataclass(frozen=True)
class PollersView:
    """All switches, the ports of the one that is open, and what is to be limited by hand."""

    is_ready: bool = False
    rows: list[PollerView] = field(default_factory=list)
    ports_total: int = 0
    failing: int = 0
    open_id: int = 0
    open_name: str = ""
    write_access: str = ""
    """What may set ports of the open switch: nothing, a community, or a user."""
    write_user: str = ""
    write_protocols: str = ""
    ports: list[PortView] = field(default_factory=list)
    limits: list[LimitView] = field(default_factory=list)
    switch: SwitchRecordView = field(default_factory=SwitchRecordView)
    """The open one."""
    check: CheckView = field(default_factory=CheckView)
    cables: list[CableView] = field(default_factory=list)
    out_of_service: list[SwitchRecordView] = field(default_factory=list)


@dataclass(frozen=True)
class PlanPriceView:
    currency: str = ""
    price_minor: int = 0


@dataclass(frozen=True)
class PlanView:
    """What a plan includes of traffic. Numbers in GB are what the form begins with."""

    id: int = 0
    name: str = ""
    services: int = 0
    is_metered: bool = False
    included_bytes: str = "0"
    included_gb: int = 1_000
    counted: str = "both"
    action: str = "notify"
    limit_mbps: int = 0
    unit_bytes: str = "0"
    unit_gb: int = 1_000
    prices: list[PlanPriceView] = field(default_factory=list)
    unpriced: list[str] = field(default_factory=list)
    """Currencies of its services in which nothing is billed."""
    first_currency: str = "EUR"
    first_price: str = ""
    """As it is typed: "2.50"."""
    since: str = ""


@dataclass(frozen=True)
class PlansView:
    is_ready: bool = False
    rows: list[PlanView] = field(default_factory=list)
