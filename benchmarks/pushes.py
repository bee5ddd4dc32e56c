"""One committed change pushed to 500 open tabs, beside a bare Socket.IO emit of the same to as many."""

from __future__ import annotations

import contextlib
import os
import statistics
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import portal
from benchmarks.crowd import Remote, elsewhere
from benchmarks.places import HOST, ROOT, SCRATCH, free_port
from benchmarks.processes import BenchmarkError, running, wait_until_answering
from benchmarks.rows import Row, less_is_better, percentile
from benchmarks.sites import plain_page, server_page
from stack.programs import web

TABS = 500
ROUNDS = 7
SETTLING_S = 1.0
"""A page that was just opened is told its truth once more within this: nothing to be measured."""
PATIENCE_S = 10.0
SESSIONS = 10


def run() -> list[Row]:
    """Milliseconds from right before the commit until 95 of 100 tabs have it; the median of some rounds."""
    live = portal.shared()
    payload = SCRATCH / "push.json"
    with elsewhere() as crowd:
        crowd("open", "portal", server_page(live.url), TABS, live.cookies(SESSIONS))
        _let_settle(crowd)
        ours = [_push(crowd, "portal", live.change_server) for _ in range(ROUNDS + 1)]
        payload.write_text(_argument(crowd("last", "portal")))
        crowd("close", "portal")
        with _plain_server(payload) as url:
            crowd("open", "plain", plain_page(url), TABS, [""])
            theirs = [_push(crowd, "plain", lambda: _emit(url)) for _ in range(ROUNDS + 1)]
    name = "python-socketio emit"
    value, peer_value = (statistics.median(rounds[1:]) * 1000 for rounds in (ours, theirs))
    return [less_is_better("push_500_tabs", value, "ms p95", peer=name, peer_value=peer_value)]


def _push(crowd: Remote, group: str, change: Callable[[], float]) -> float:
    """One change; the seconds until 95 of 100 tabs have heard of it. All must."""
    crowd("forget", group)
    begun = change()
    times: list[float] = crowd("heard", group, TABS, PATIENCE_S)
    if len(times) != TABS:
        raise BenchmarkError(f"only {len(times)} of {TABS} tabs heard of the change.")
    return percentile([at - begun for at in times], 95)


def _let_settle(crowd: Remote) -> None:
    """Return when nothing has been pushed for a while."""
    crowd("forget", "portal")
    while crowd("heard", "portal", 1, SETTLING_S):
        crowd("forget", "portal")


def _argument(event: str) -> str:
    """The JSON that an event `42/_event,["event",{…}]` carries."""
    return event[event.index('{"') : -1]


def _emit(url: str) -> float:
    with urllib.request.urlopen(f"{url}/emit", timeout=PATIENCE_S) as answer:
        return float(answer.read())


@contextlib.contextmanager
def _plain_server(payload: Path) -> Iterator[str]:
    port = free_port()
    command = [*web(port).command[:-1], "plain:app"]
    command.remove("--factory")
    log = SCRATCH / "plain.log"
    environment = {**os.environ, "PAYLOAD": str(payload)}
    url = f"http://{HOST}:{port}"
    directory = ROOT / "benchmarks" / "plain_app"
    with running(command, environment=environment, directory=directory, log=log) as child:
        wait_until_answering(f"{url}/alive", child, log)
        yield url
