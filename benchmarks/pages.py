"""What a browser has to fetch for each main page and when it paints first, beside a bare Reflex page.

Headless Chromium on loopback, a window of its own (so an empty cache) for every cold visit.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks import bare, portal
from benchmarks.processes import BenchmarkError
from benchmarks.rows import Row, less_is_better
from tests.tools import need_tool

PAGES = {
    "sign_in": "/sign-in",
    "dashboard": "/",
    "services": "/services",
    "server": f"/servers/{portal.SERVER_ID}",
    "account": "/account",
}
VISITS = 4
PATIENCE_S = 20.0
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


@dataclass
class Visit:
    """One page, seen once."""

    first_paint_ms: float
    bytes: int


@dataclass
class Visits:
    """One page, seen several times with an empty and a filled cache."""

    cold: list[Visit] = field(default_factory=list)
    warm: list[Visit] = field(default_factory=list)


def run() -> list[Row]:
    """First contentful paint in milliseconds, and kilobytes over the wire, per page."""
    live = portal.shared()
    cookie = live.cookies(1)[0]
    with bare.served() as peer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=need_tool("chromium"), args=list(CHROMIUM))
        try:
            theirs = Visits()
            ours = {name: Visits() for name in PAGES}
            for _ in range(VISITS):
                _visit(browser, peer.url, "/", "", theirs)
                for name, path in PAGES.items():
                    _visit(browser, live.url, path, "" if name == "sign_in" else cookie, ours[name])
        finally:
            browser.close()
    return [row for name, visits in ours.items() for row in _rows(name, visits, theirs)]


def _rows(name: str, ours: Visits, theirs: Visits) -> list[Row]:
    figures: dict[str, tuple[str, Callable[[Visits], float]]] = {
        f"first_paint_{name}": ("ms", lambda visits: _median(visits.cold, lambda one: one.first_paint_ms)),
        f"first_paint_warm_{name}": (
            "ms",
            lambda visits: _median(visits.warm, lambda one: one.first_paint_ms),
        ),
        f"page_bytes_{name}": ("KB", lambda visits: _median(visits.cold, lambda one: one.bytes / 1000)),
        f"page_bytes_warm_{name}": ("KB", lambda visits: _median(visits.warm, lambda one: one.bytes / 1000)),
    }
    peer = f"{bare.NAME}, page with a button"
    return [
        less_is_better(figure, of(ours), unit, peer=peer, peer_value=of(theirs))
        for figure, (unit, of) in figures.items()
    ]


def _median(visits: list[Visit], of: Callable[[Visit], float]) -> float:
    return statistics.median(map(of, visits))


def _visit(browser: Browser, url: str, path: str, cookie: str, into: Visits) -> None:
    """See the page with an empty cache, then once more in another tab of the same window."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": url}])
        into.cold.append(_look(context, url + path))
        into.warm.append(_look(context, url + path))
    finally:
        context.close()


def _look(context: BrowserContext, address: str) -> Visit:
    page = context.new_page()
    received = _counted(context.new_cdp_session(page))
    answer = page.goto(address, wait_until="load")
    if answer is None or not answer.ok or page.url.rstrip("/") != address.rstrip("/"):
        raise BenchmarkError(f"{address} was not shown, but {page.url}.")
    page.wait_for_load_state("networkidle")
    painted = _first_paint(page)
    page.close()
    return Visit(painted, sum(received))


def _first_paint(page: Page) -> float:
    """Asked for again and again: the page's own rules forbid Playwright to wait inside of it."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if painted := page.evaluate(_PAINTED):
            return float(painted)
        page.wait_for_timeout(50)
    raise BenchmarkError(f"{page.url} painted nothing in {PATIENCE_S:.0f} s.")


def _counted(network: CDPSession) -> list[int]:
    """Bytes over the wire: bodies as they were compressed, headers, and frames of sockets."""
    received: list[int] = []
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    network.on(
        "Network.webSocketFrameReceived",
        lambda event: received.append(len(event["response"]["payloadData"].encode())),
    )
    return received
