"""What a page shows and when: recorded in the page itself, so that nothing quick is missed."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Page

LIVE_WITHIN_MS = 60_000
"""Without a reload, on a machine that runs the portal and other tests at once. How fast it is, `make bench` measures."""

_RECORD = """
() => {
  const seen = (window.testSeen = []);
  const look = () => {
    const text = document.querySelector('main').innerText;
    if (!seen.length || seen.at(-1)[1] !== text) seen.push([Date.now(), text]);
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  window.testLoadedAt = performance.timeOrigin;
  look();
}
"""


class Watched:
    """A page whose every change is kept with its time (ms since the epoch; all pages share one clock)."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate(_RECORD)

    def first_seen(self, pattern: str, *, after: float = 0) -> float | None:
        """When the page first showed the pattern, or None."""
        wanted = re.compile(pattern, re.DOTALL)
        seen = self.page.evaluate("window.testSeen")
        return next((at for at, text in seen if at >= after and wanted.search(text)), None)

    def wait_for(self, pattern: str, *, after: float = 0) -> float:
        """When the page first showed the pattern; waits until it has."""
        deadline = time.monotonic() + LIVE_WITHIN_MS / 1000
        while (at := self.first_seen(pattern, after=after)) is None:
            assert time.monotonic() < deadline, f"{self.page.url} never showed {pattern}"
            self.page.wait_for_timeout(50)  # what is recorded in the page brings no event here
        return at

    def was_reloaded(self) -> bool:
        """Whether another document has taken the place of the one that is watched."""
        return bool(self.page.evaluate("window.testLoadedAt !== performance.timeOrigin"))
