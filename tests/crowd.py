"""Many at the same moment, each in a thread, and so on a connection, of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from opsportal.domain.refusals import Refusal


def together(*works: Callable[[], Any]) -> list[Any]:
    """Begin all at one moment. Results and refusals in the order of `works`; any other fault is raised here."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return work()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def at_once(*works: Callable[[], Any]) -> list[str]:
    """What each came to, sorted: "done", or a refusal's code."""
    return sorted(came.code if isinstance(came, Refusal) else "done" for came in together(*works))
