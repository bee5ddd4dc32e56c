"""People with browsers: each has cookies of their own, and every page is listened to for faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.e2e.authenticator import Authenticator
from tests.e2e.portal import Portal, SignIn, post

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
GOODBYES = (
    "WebSocket is already in CLOSING or CLOSED state.",
    "WebSocket is closed before the connection is established.",
)
"""A page that is left says goodbye on its socket; when the portal closed that first (a sign-out), or when the
socket was not open yet (a page left at once), Chromium remarks on what the page itself did."""
REFUSED_BY_THE_BROWSER = "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI))"


@dataclass
class Faults:
    """What went wrong in the pages of a browser, as the browser tells it."""

    seen: list[str] = field(default_factory=list)
    expects_outage: bool = False
    """Set while the portal is being killed: a failing connection is then no fault."""

    def listen(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda fault: self.seen.append(f"exception: {fault.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        is_answer = message.text.startswith(
            "Failed to load resource: the server responded with a status of 4"
        )
        is_connection = "ERR_CONNECTION" in message.text or "WebSocket" in message.text
        is_outage = self.expects_outage and (
            is_connection or message.text.startswith("Failed to load resource")
        )
        # A refusal is an answer like any other; the page shows it, and the test looks at the page.
        if not is_answer and not is_outage and not message.text.endswith(GOODBYES):
            self.seen.append(f"{message.type}: {message.text[:300]} ({message.page and message.page.url})")


class Visitors:
    """Opens browsers for people. One sign-in per person is kept: the portal counts them."""

    def __init__(self, portal: Portal, browser: Browser) -> None:
        self.portal = portal
        self.browser = browser
        self.faults = Faults()
        self._cookies: dict[str, str] = {}
        self._authenticators: dict[str, Authenticator] = {}
        self._contexts: list[BrowserContext] = []

    def authenticator(self, who: SignIn) -> Authenticator:
        """The person's phone."""
        assert who.totp_secret is not None
        return self._authenticators.setdefault(who.email, Authenticator(who.totp_secret))

    def stranger(self, **options: Any) -> Page:
        """A page in a browser that knows nothing."""
        options = {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Europe/Prague", **options}
        context = self.browser.new_context(base_url=self.portal.url, **options)
        context.set_default_timeout(15_000)
        context.add_init_script(REFUSED_BY_THE_BROWSER)
        self.faults.listen(context)
        self._contexts.append(context)
        return context.new_page()

    def signed_in(self, email: str, path: str | None = None, **options: Any) -> Page:
        """A page of somebody who has signed in already, opened at `path`."""
        page = self.stranger(**options)
        page.context.add_cookies([{"name": "portal", "value": self.cookie(email), "url": self.portal.url}])
        if path is not None:
            page.goto(path)
        return page

    def anybody(self, email: str | None, **options: Any) -> Page:
        """A page of this person, or of a stranger."""
        return self.stranger(**options) if email is None else self.signed_in(email, **options)

    def cookie(self, email: str) -> str:
        """The cookie of the person's kept session."""
        if email not in self._cookies:
            self._cookies[email] = self.new_session(self.portal.sign_ins[email])
        return self._cookies[email]

    def new_session(self, who: SignIn) -> str:
        """Signs in without a browser; returns the cookie."""
        credentials = {"email": who.email, "password": who.password}
        status, answer, cookie = post(f"{self.portal.url}/auth/sign-in", credentials)
        if answer.get("stage") == "password":
            code = {"code": self.authenticator(who).code()}
            status, answer, cookie = post(f"{self.portal.url}/auth/second-factor", code, cookie=cookie)
        assert (status, answer) == (200, {"stage": "signed_in"})
        return cookie

    def leave(self) -> None:
        """Closes every browser, and fails when one of its pages had a fault."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        seen, self.faults.seen = self.faults.seen, []
        self.faults.expects_outage = False
        if seen:
            pytest.fail("\n".join(seen), pytrace=False)
