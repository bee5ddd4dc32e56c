"""A click and its answer: the portal beside a bare Reflex application, in turns, by the same tabs."""

from __future__ import annotations

import statistics

from benchmarks import bare, portal
from benchmarks.crowd import Remote, elsewhere
from benchmarks.rows import Row, less_is_better, more_is_better, percentile
from benchmarks.sites import bare_page, server_page

SOCKETS = 64
"""Each stays far below what the gate lets one socket send in a second."""
ROUNDS = 5
ONE_BY_ONE = 300
SECONDS_AT_ONCE = 1.5


def run() -> list[Row]:
    """Round trip of a declared, signed-in, cheap handler in milliseconds, and events a second of a process."""
    live = portal.shared()
    with bare.served() as peer, elsewhere() as crowd:
        crowd("open", "portal", server_page(live.url), SOCKETS, live.cookies(4))
        crowd("open", "bare", bare_page(peer.url), SOCKETS, [""])
        trips: dict[str, list[list[float]]] = {"portal": [], "bare": []}
        rates: dict[str, list[float]] = {"portal": [], "bare": []}
        _measure(crowd, "portal"), _measure(crowd, "bare")  # both get one round to warm up
        for _ in range(ROUNDS):
            for group in ("bare", "portal"):
                times, rate = _measure(crowd, group)
                trips[group].append(times)
                rates[group].append(rate)
    return [
        _times("event_round_trip", trips, 50),
        _times("event_round_trip_p95", trips, 95),
        more_is_better(
            "events_per_second",
            statistics.median(rates["portal"]),
            "1/s",
            peer=bare.NAME,
            peer_value=statistics.median(rates["bare"]),
        ),
    ]


def _measure(crowd: Remote, group: str) -> tuple[list[float], float]:
    times: list[float] = crowd("one_by_one", group, ONE_BY_ONE)
    rate: float = crowd("at_once", group, SECONDS_AT_ONCE)
    return times, rate


def _times(name: str, trips: dict[str, list[list[float]]], percent: int) -> Row:
    """The median over the rounds of each round's percentile."""
    ours, theirs = (
        statistics.median(percentile(times, percent) for times in trips[group]) * 1000
        for group in ("portal", "bare")
    )
    return less_is_better(name, ours, "ms", peer=bare.NAME, peer_value=theirs)
