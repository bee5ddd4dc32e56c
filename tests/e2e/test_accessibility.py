"""For those who do not see the page, or use no mouse."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.e2e import PEOPLE
from tests.e2e.pages import ADDRESSES, CLIENT, Address, at, path_of, settled, sticking_out
from tests.e2e.portal import Portal
from tests.e2e.visitors import PHONE, Visitors

pytestmark = PEOPLE

FOCUSED = (
    "document.activeElement.innerText || document.activeElement.ariaLabel || document.activeElement.name"
)
HAS_VISIBLE_FOCUS = """
() => {
  const style = getComputedStyle(document.activeElement);
  return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none';
}
"""


def grave(page: Page) -> list[str]:
    """What axe finds serious or critical: rule, and the first element that breaks it."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['target']} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("one", ADDRESSES, ids=lambda one: one.name)
def test_axe_finds_nothing_grave(visitors: Visitors, portal: Portal, one: Address) -> None:
    page = visitors.onlooker(one.visitor)
    page.emulate_media(reduced_motion="reduce")
    page.goto(path_of(one, portal))
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page).to_have_title(re.compile(" · Northrack$"))
    found = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_class(re.compile(rf"\b{theme}\b"))
        found[theme] = grave(page)
    assert found == {"light": [], "dark": []}
    page.set_viewport_size(PHONE)  # in the other languages it is opened on one: see test_languages
    assert sticking_out(page) == []


def tab_to(page: Page, text: str) -> None:
    """Presses Tab until the element with this text or name has the focus, which must be visible."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if str(page.evaluate(FOCUSED)).split("\n")[0].strip() == text:
            assert page.evaluate(HAS_VISIBLE_FOCUS), f"nobody sees that {text} has the focus"
            return
    pytest.fail(f"Tab never reaches {text!r}")


def test_signing_in_and_switching_off_without_a_mouse(visitors: Visitors, portal: Portal) -> None:
    who = portal.sign_ins["olena@acme.example"]
    page = visitors.stranger()
    page.goto("/sign-in")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(who.email)
    page.keyboard.press("Tab")
    page.keyboard.type(who.password)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.keyboard.type(visitors.authenticator(who).code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(at("/"))
    settled(page)

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Show all")
    page.keyboard.press("Enter")
    expect(page).to_have_url(at("/services"))
    expect(page.get_by_role("main")).to_be_focused()
    settled(page)
    tab_to(page, "prg-app-01")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("prg-app-01")
    settled(page)
    tab_to(page, "Power off")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Power off prg-app-01?")
    expect(dialog.locator(":focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main").get_by_role("button", name="Power off")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.locator(":focus")).to_have_count(1)
    tab_to(page, "Power off")
    page.keyboard.press("Enter")
    expect(page.locator(".job")).to_contain_text("Read back from the server and confirmed.")
    expect(page.locator(".power-now")).to_contain_text("Off")


@pytest.mark.parametrize("keys", ["Control+k", "Meta+k"])
def test_palette_finds_a_page_and_a_server(visitors: Visitors, portal: Portal, keys: str) -> None:
    page = visitors.signed_in(CLIENT, "/")
    settled(page)
    page.keyboard.press(keys)
    box = page.get_by_role("combobox", name="Search pages, servers and services")
    expect(box).to_be_focused()
    page.keyboard.type("chan pass")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(at("/account/password"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Change password")  # no longer the page before
    settled(page)
    page.keyboard.press(keys)
    expect(box).to_be_focused()
    page.keyboard.type("kyiv-db")
    machine = page.get_by_role("option", name=re.compile(r"^kyiv-db-01(?!\.)"))  # not its name in reverse DNS
    expect(machine).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("kyiv-db-01")
    expect(page).to_have_url(re.compile(rf"/(servers/{portal.server_id('kyiv-db-01')}|services/\d+)$"))
    page.keyboard.press(keys)
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_be_hidden()
