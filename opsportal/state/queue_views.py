"""What the page of the queues shows: codes, ISO UTC times and numbers; the browser words them."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.views import JobView


@dataclass(frozen=True)
class WorkerView:
    name: str = ""
    queue: str = ""
    state: str = ""
    job: str = ""
    heartbeat_at: str = ""
    started_at: str = ""
    load_percent: int = 0


@dataclass(frozen=True)
class QueueView:
    """A queue: `waiting` and `running` calls, since when the oldest waits if that is too long, `failed` lately."""

    name: str = ""
    waiting: int = 0
    workers: int = 0
    running: int = 0
    failed: int = 0
    late_since: str = ""


@dataclass(frozen=True)
class CallView:
    """What is on a queue: `state` is waits, runs or failed; `task` is the scheduled one that it calls for."""

    name: str = ""
    state: str = ""
    task: str = ""


@dataclass(frozen=True)
class ServerQueueView:
    """How many jobs of one server stand how."""

    id: int = 0
    name: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskView:
    """A recurring task of the schedule."""

    name: str = ""
    every_s: int = 0
    due_at: str = ""
    last_finished_at: str = ""
    last_error: str = ""


@dataclass(frozen=True)
class QueuesView:
    is_ready: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    """How many jobs stand how, of those that the other filters let through; "" is all, "open" what has not ended."""
    jobs: list[JobView] = field(default_factory=list)
    mine: list[JobView] = field(default_factory=list)
    """What the viewer has taken over."""
    servers: list[ServerQueueView] = field(default_factory=list)
    calls: list[CallView] = field(default_factory=list)
    """What is on the chosen queue besides hardware jobs."""
    queues: list[QueueView] = field(default_factory=list)
    workers: list[WorkerView] = field(default_factory=list)
    tasks: list[TaskView] = field(default_factory=list)
    lost: int = 0
    """Workers that have gone silent."""
    unattended: list[str] = field(default_factory=list)
    """Queues that nobody works on."""
    unsent: int = 0
    is_redis_away: bool = False
