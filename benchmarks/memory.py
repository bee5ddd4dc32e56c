"""Memory of a web process per open, signed-in tab on the server page, beside the bare application."""

from __future__ import annotations

from typing import Any

from benchmarks import bare, portal
from benchmarks.crowd import Remote, elsewhere
from benchmarks.processes import memory_kb
from benchmarks.rows import Row, less_is_better
from benchmarks.sites import bare_page, server_page

WARM_UP = 20
TABS = 300
SESSIONS = 8


def run() -> list[Row]:
    """Kilobytes of resident memory per tab, of web processes that nobody has used before."""
    live = portal.shared()
    cookies = live.cookies(SESSIONS)
    with elsewhere() as crowd:
        with portal.fresh_web(live) as (fresh, pid):
            ours = _per_tab(crowd, server_page(fresh.url), cookies, pid)
        with bare.served() as peer:
            theirs = _per_tab(crowd, bare_page(peer.url), [""], peer.pid)
    return [less_is_better("memory_per_client", ours, "KB", peer=bare.NAME, peer_value=theirs)]


def _per_tab(crowd: Remote, page: dict[str, Any], cookies: list[str], pid: int) -> float:
    """The first tabs, for which caches and threads are made, stay open and do not count."""
    crowd("open", "first", page, WARM_UP, cookies)
    before = memory_kb(pid)
    crowd("open", "counted", page, TABS, cookies)
    after = memory_kb(pid)
    crowd("close", "counted")
    crowd("close", "first")
    return (after - before) / TABS
