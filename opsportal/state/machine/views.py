"""What the cards of a server show. No password is ever in here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SensorView:
    name: str = ""
    kind: str = ""
    value: str = ""
    """The number as it is measured, with its unit; "" without one."""
    health: str = ""
    states: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class EventView:
    key: int = 0
    at: str = ""
    code: str = ""
    kind: str = ""
    sensor: str = ""
    severity: str = ""
    is_over: bool = False
    detail: str = ""


@dataclass(frozen=True)
class HealthView:
    is_ready: bool = False
    server_id: int = 0
    has_bmc: bool = False
    is_asking: bool = False
    asked_at: str = ""
    error_code: str = ""
    worst: str = ""
    """The worst sensor: "ok", "warning", "critical"; "" when nothing is known."""
    sensors: list[SensorView] = field(default_factory=list)
    more_sensors: list[SensorView] = field(default_factory=list)
    sensors_code: str = ""
    watts: int = 0
    average_watts: int = 0
    hottest: str = ""
    samples: int = 0
    watts_low: int = 0
    watts_high: int = 0
    events: list[EventView] = field(default_factory=list)
    more_events: list[EventView] = field(default_factory=list)
    events_total: int = 0
    events_code: str = ""
    watts_line: list[int | None] = field(default_factory=list)
    hot_line: list[int | None] = field(default_factory=list)
    """The looks before this one, oldest first."""
    looks_since: str = ""
    """When the oldest of them was."""
    light: str = ""
    """"", asking, lit or failed; for those who may switch it."""
    light_until: str = ""
    light_code: str = ""


@dataclass(frozen=True)
class PlannedPortView:
    key: int = 0
    switch: str = ""
    port: str = ""
    refusal: str = ""


@dataclass(frozen=True)
class BlockView:
    is_ready: bool = False
    server_id: int = 0
    is_blocked: bool = False
    is_possible: bool = False
    may_lift: bool = False
    may_block: bool = False
    is_busy: bool = False
    reason: str = ""
    by: str = ""
    is_by_staff: bool = False
    is_with_power: bool = False
    has_bmc: bool = False
    """Whether the power can be switched off as well."""
    since: str = ""
    plan: list[PlannedPortView] = field(default_factory=list)
    """The ports that blocking would take down; those that unblocking takes up while it is blocked."""


@dataclass(frozen=True)
class SignInView:
    id: int = 0
    label: str = ""
    username: str = ""
    updated_at: str = ""
    updated_by: str = ""


@dataclass(frozen=True)
class DetailsView:
    is_ready: bool = False
    server_id: int = 0
    description: str = ""
    updated_at: str = ""
    updated_by: str = ""
    has_second_factor: bool = False
    sign_ins: list[SignInView] = field(default_factory=list)
