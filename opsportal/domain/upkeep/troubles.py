"""Parts of the machinery that can be out of order, by name: `queue:mail`, `lost:hardware`, `redis`, `dispatcher`."""

from __future__ import annotations

from dataclasses import dataclass, field


class Kind:
    """What a part's name begins with. `lost`: workers of a queue that have gone silent."""

    QUEUE = "queue"
    LOST = "lost"
    REDIS = "redis"
    DISPATCHER = "dispatcher"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One part that is out of order now. `workers`: their names; `waiting`: calls that wait there."""

    part: str
    waiting: int = 0
    workers: tuple[str, ...] = field(default=())


def kind_of(part: str) -> str:
    return part.partition(":")[0]


def queue_of(part: str) -> str:
    """The queue that a part is about; "" when it is about all."""
    return part.partition(":")[2]
