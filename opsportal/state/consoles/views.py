"""What the console tab shows besides the console itself, which has a socket of its own."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ConsoleVisitView:
    """One console that somebody opened."""

    id: int = 0
    kind: str = ""
    person: str = ""
    is_staff: bool = False
    is_writer: bool = False
    opened_at: str = ""
    ended_at: str = ""
    end_reason: str = ""


@dataclass(frozen=True)
class ConsolesView:
    """`problem_msgid`: why no console can be opened; empty when one can."""

    is_ready: bool = False
    server_id: int = 0
    has_screen: bool = False
    problem_msgid: str = ""
    visits: list[ConsoleVisitView] = field(default_factory=list)
