"""Pictures of every page: `python -m tests.e2e.pictures [README]`.

Into build/screenshots/ all pages in light, dark, at phone width and in three languages, to be looked
at; with README as argument also the few that the README shows, into docs/pictures/.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.e2e.pages import ADDRESSES, CLIENT, Address, path_of, settled
from tests.e2e.portal import ROOT, Portal, running_portal
from tests.e2e.test_reinstall import INSTALL_MS, SERVER, order
from tests.e2e.visitors import CHROMIUM_ARGUMENTS, DESKTOP, PHONE, Visitors

OUT = ROOT / "build" / "screenshots"
DOCS = ROOT / "docs" / "pictures"
TAGS = {"en": "en-GB", "uk": "uk-UA", "es": "es-ES"}
SHOWN = {"dashboard": "dashboard", "server-traffic": "traffic"}
"""What the README shows beside a reinstall: the page, and what its picture is called."""


def open_page(visitors: Visitors, one: Address, locale: str, size: dict[str, int], theme: str) -> Page:
    """The page, complete, in this language, size and theme."""
    who = one.visitor
    if who is not None and locale != "en":
        who = visitors.portal.speaking(locale, who)
    page = visitors.onlooker(
        who, viewport=size, locale=TAGS[locale], color_scheme=theme, reduced_motion="reduce"
    )
    page.goto(path_of(one, visitors.portal))
    expect(settled(page).locator("html")).to_have_attribute("lang", locale)
    return page


def switch_something(visitors: Visitors) -> None:
    """So that lists of jobs are not empty."""
    for server, button in (("kyiv-db-01", "Reboot"), ("prg-ci-01", "Power off")):
        page = visitors.signed_in(CLIENT, f"/servers/{visitors.portal.server_id(server)}")
        settled(page).get_by_role("main").get_by_role("button", name=button).click()
        page.get_by_role("dialog").get_by_role("button", name=button).click()
        expect(page.locator(".job .outcome")).to_have_class(re.compile(r"\bok\b"), timeout=60_000)


def reinstall_something(visitors: Visitors, *, for_readme: bool) -> None:
    """A reinstall under way, and when it is done."""
    number = visitors.portal.server_id(SERVER)
    page = settled(visitors.signed_in(CLIENT, f"/servers/{number}?tab=reinstall", reduced_motion="reduce"))
    order(page)
    steps = page.locator(".installing li")
    expect(steps.nth(5)).to_have_class(re.compile(r"\b(running|done)\b"), timeout=INSTALL_MS)
    page.screenshot(path=OUT / "reinstall-running.png", full_page=True)
    page.get_by_role("button", name="I have saved it").click()
    if for_readme:
        page.screenshot(path=DOCS / "reinstall.png")
    expect(steps.last).to_have_class(re.compile(r"\bdone\b"), timeout=INSTALL_MS)
    page.screenshot(path=OUT / "reinstall-done.png", full_page=True)


def take_all(visitors: Visitors) -> None:
    for one in ADDRESSES:
        for name, locale, size, theme in (
            ("light", "en", DESKTOP, "light"),
            ("dark", "en", DESKTOP, "dark"),
            ("phone", "en", PHONE, "light"),
            ("phone-uk", "uk", PHONE, "light"),
            ("uk", "uk", DESKTOP, "light"),
            ("es", "es", DESKTOP, "light"),
        ):
            page = open_page(visitors, one, locale, size, theme)
            page.screenshot(path=OUT / f"{one.name}-{name}.png", full_page=True)
            page.close()


def take_shown(visitors: Visitors) -> None:
    """The README's pictures: the screen as it opens, small enough for a repository."""
    for one in ADDRESSES:
        if one.name in SHOWN:
            page = open_page(visitors, one, "en", DESKTOP, "light")
            page.screenshot(path=DOCS / f"{SHOWN[one.name]}.png")


def _take(portal: Portal, *, for_readme: bool) -> None:
    path = shutil.which("chromium")
    assert path, "chromium is not installed: see requirements-apt.txt"
    with sync_playwright() as playwright:
        visitors = Visitors(portal, playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGUMENTS))
        switch_something(visitors)
        reinstall_something(visitors, for_readme=for_readme)
        if for_readme:
            take_shown(visitors)
        take_all(visitors)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    DOCS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_portal(Path(scratch) / "state") as portal:
        _take(portal, for_readme="README" in sys.argv[1:])


if __name__ == "__main__":
    main()
