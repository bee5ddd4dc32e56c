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
class AccessView:
    """One temporary user of the BMC. Address and password are in no view."""

    id: int = 0
    person: str = ""
    username: str = ""
    status: str = ""
    is_mine: bool = False
    """Of this very session: only there is its password shown."""
    is_own: bool = False
    """Of this person."""
    is_shown: bool = False
    expires_at: str = ""
    end_reason: str = ""
    outcome_code: str = ""


@dataclass(frozen=True)
class ConsolesView:
    """`problem_msgid`: why no console can be opened; empty when one can.

    `offers_access`: the screen is to be had on the BMC's own page only, or something of that is left.
    """

    is_ready: bool = False
    server_id: int = 0
    has_screen: bool = False
    could_have_screen: bool = False
    """For staff: this family of BMCs serves screens, and this one's is not on record."""
    problem_msgid: str = ""
    serial_msgid: str = ""
    """Why this server has no serial console, although its screen may be opened."""
    access_msgid: str = ""
    offers_access: bool = False
    accesses: list[AccessView] = field(default_factory=list)
    visits: list[ConsoleVisitView] = field(default_factory=list)
