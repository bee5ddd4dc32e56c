"""Three languages, on a phone: everything translated, nothing sticking out, nothing failing."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from opsportal.locale import LOCALES
from opsportal.locale.catalogues import catalogue
from tests.e2e import PEOPLE
from tests.e2e.pages import ADDRESSES, Address, path_of, settled, sticking_out
from tests.e2e.portal import Portal
from tests.e2e.visitors import PATIENCE_MS, PHONE, Visitors

pytestmark = PEOPLE

TAGS = {"en": "en-GB", "uk": "uk-UA", "es": "es-ES"}
MONTHS = {
    "en": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "uk": ["січ", "лют", "бер", "квіт", "трав", "черв", "лип", "серп", "вер", "жовт", "лист", "груд"],
    "es": ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"],
}
TEXTS = """
() => {
  const out = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    if (!node.parentElement.closest('script, style, [lang]:not(html)')) out.add(node.data.trim());
  }
  for (const one of document.querySelectorAll('[aria-label], [placeholder], [title], [alt]'))
    for (const name of ['aria-label', 'placeholder', 'title', 'alt']) out.add((one.getAttribute(name) ?? '').trim());
  out.delete('');
  return [...out];
}
"""


def english_only(locale: str) -> frozenset[str]:
    """The English texts that the locale has other words for."""
    texts = catalogue(locale)
    plain = {msgid for msgid, text in texts.plain.items() if text != msgid}
    return frozenset(plain - set(texts.plain.values()))


def visit(visitors: Visitors, portal: Portal, one: Address, locale: str) -> Page:
    who = portal.speaking(locale, one.visitor) if one.visitor else None
    page = visitors.onlooker(who, viewport=PHONE, locale=TAGS[locale])
    page.goto(path_of(one, portal))
    settled(page)
    expect(page.locator("html")).to_have_attribute("lang", locale)
    return page


@pytest.mark.parametrize("locale", [one for one in LOCALES if one != "en"])
@pytest.mark.parametrize("one", ADDRESSES, ids=lambda one: one.name)
def test_page_on_a_phone(visitors: Visitors, portal: Portal, one: Address, locale: str) -> None:
    """The English page is measured where it is open anyway: see test_accessibility."""
    page = visit(visitors, portal, one, locale)
    expect(page).to_have_title(re.compile(" · Northrack$"))
    assert left_in_english(page, locale) == []
    assert sticking_out(page) == []


def left_in_english(page: Page, locale: str) -> list[str]:
    """What stays untranslated. On a slow machine the texts come later than the page, which then waits no longer."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        texts = [*page.evaluate(TEXTS), page.title().removesuffix(" · Northrack")]
        left = sorted(english_only(locale) & set(texts))
        if not left or time.monotonic() > deadline:
            return left
        page.wait_for_timeout(100)


def choose(page: Page, language: str) -> None:
    page.locator("button.avatar").click()
    page.get_by_role("menuitemradio", name=language).click()
    page.keyboard.press("Escape")


def test_language_changes_in_place_and_is_remembered(visitors: Visitors, portal: Portal) -> None:
    who = portal.add_person("speaks@acme.example", name="Polyglot")
    page = visitors.stranger()
    page.context.add_cookies([{"name": "portal", "value": visitors.new_session(who), "url": portal.url}])
    number = portal.server_id("kyiv-cache-01")
    page.goto(f"/servers/{number}")
    settled(page)
    loaded = page.evaluate("performance.timeOrigin")
    facts = page.locator("dl.kv").filter(has_text="119")
    [(paid_until,)] = portal.rows(
        "SELECT period_end FROM service JOIN server ON service_id = service.id WHERE server.id = %s", number
    )
    for language, locale, off, price in (
        ("Українська", "uk", "Вимкнути", "119,00\xa0€"),
        ("Español", "es", "Apagar", "119,00\xa0€"),
        ("English", "en", "Power off", "€119.00"),
        ("Українська", "uk", "Вимкнути", "119,00\xa0€"),
    ):
        month = MONTHS[locale][paid_until.month - 1]
        choose(page, language)
        expect(page.locator("html")).to_have_attribute("lang", locale)
        expect(page.get_by_role("main").get_by_role("button", name=off, exact=True)).to_be_visible()
        expect(facts).to_contain_text(price)
        expect(facts).to_contain_text(re.compile(rf"(?<!\d){paid_until.day} {month}"))
        assert page.evaluate("performance.timeOrigin") == loaded
    page.reload()
    expect(settled(page).locator("html")).to_have_attribute("lang", "uk")
    expect(page.get_by_role("main").get_by_role("button", name="Вимкнути", exact=True)).to_be_visible()

    elsewhere = visitors.stranger()
    elsewhere.context.add_cookies([{"name": "portal", "value": visitors.new_session(who), "url": portal.url}])
    elsewhere.goto(f"/servers/{number}")
    expect(settled(elsewhere).locator("html")).to_have_attribute("lang", "uk")
    expect(elsewhere.get_by_role("main").get_by_role("button", name="Вимкнути", exact=True)).to_be_visible()
