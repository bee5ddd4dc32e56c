"""What the browser gets of installations: codes, times and numbers, never a token, a password or a script."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.views import JobView


@dataclass(frozen=True)
class DiskView:
    """A disk by its serial number or WWN, or by its place where only a text is on record."""

    id: str = ""
    is_by_place: bool = False
    text: str = ""
    size_gb: int = 0


@dataclass(frozen=True)
class LayoutView:
    """A way to use the disks. When it does not fit, `code` says why."""

    id: str = ""
    fits: bool = False
    disks: int = 0
    code: str = ""
    params: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class SystemView:
    id: int = 0
    name: str = ""
    version: str = ""
    layouts: list[LayoutView] = field(default_factory=list)


@dataclass(frozen=True)
class CheckView:
    """One thing that has to be right before anything is lost."""

    name: str = ""
    status: str = ""


@dataclass(frozen=True)
class MilestoneView:
    """A point that the machine passes. `since`: when the one before it was passed."""

    name: str = ""
    status: str = ""
    since: str = ""
    reached_at: str = ""
    usual_s: int = 0
    is_late: bool = False
    diagnosis: str = ""


@dataclass(frozen=True)
class InstallationView:
    """One network boot of a server, under way or ended."""

    job: JobView = field(default_factory=JobView)
    system: str = ""
    hostname: str = ""
    layout: str = ""
    disks: list[str] = field(default_factory=list)
    progress: int = 0
    usual_s: int = 0
    milestones: list[MilestoneView] = field(default_factory=list)


@dataclass(frozen=True)
class ReinstallView:
    """The Reinstall tab. `blocked`: the code of why nothing can be ordered now, "" when it can."""

    is_ready: bool = False
    server_id: int = 0
    name: str = ""
    blocked: str = ""
    blocked_params: dict[str, str | int] = field(default_factory=dict)
    systems: list[SystemView] = field(default_factory=list)
    boots: list[str] = field(default_factory=list)
    """Kinds of jobs beside a reinstall that are offered for this server."""
    disks: list[DiskView] = field(default_factory=list)
    checks: list[CheckView] = field(default_factory=list)
    now: InstallationView = field(default_factory=InstallationView)
    past: list[InstallationView] = field(default_factory=list)


@dataclass(frozen=True)
class SerialView:
    """How much of a serial log there is; the text is fetched by itself."""

    job_id: int = 0
    size: int = 0
    is_active: bool = False
