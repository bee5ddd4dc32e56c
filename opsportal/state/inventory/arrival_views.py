"""What the page of arrivals shows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class CameView:
    """A machine of an order; `differs`: it waits for a person's word."""

    id: int = 0
    name: str = ""
    status: str = ""
    differs: bool = False


@dataclass(frozen=True)
class OrderView:
    id: int = 0
    ref: str = ""
    machines: int = 0
    arrived: int = 0
    parts: list[str] = field(default_factory=list)
    by: str = ""
    at: str = ""
    intake: str = ""
    """Where a machine of it is taken in."""
    came: list[CameView] = field(default_factory=list)


@dataclass(frozen=True)
class SweepView:
    """`status`: waiting, running, done, failed or lost."""

    id: int = 0
    where: str = ""
    status: str = ""
    doors: int = 0
    knocked: int = 0
    by: str = ""
    at: str = ""
    error_code: str = ""
    ipmi_ports: str = ""
    redfish_ports: str = ""


@dataclass(frozen=True)
class SeenView:
    """Something that answered as a BMC does. What it says of itself is text and nothing else."""

    id: int = 0
    place: str = ""
    kind: str = ""
    version: str = ""
    name: str = ""
    uuid: str = ""
    fingerprint: str = ""
    weak: list[str] = field(default_factory=list)
    """Codes: suite_zero, anonymous, null_user."""
    server_id: int = 0
    server: str = ""
    intake: str = ""
    """Where it is taken in, with what is known filled in."""


@dataclass(frozen=True)
class ArrivalsView:
    is_ready: bool = False
    networks: list[str] = field(default_factory=list)
    orders: list[OrderView] = field(default_factory=list)
    sweep: SweepView = SweepView()
    seen: list[SeenView] = field(default_factory=list)
    known: int = 0
    sweeps: list[SweepView] = field(default_factory=list)
