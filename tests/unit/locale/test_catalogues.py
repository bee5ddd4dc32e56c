"""Every text of the code is in every language, whole, with the same placeholders and the right plural forms."""

from __future__ import annotations

import gettext as stdlib_gettext

import pytest
from babel.messages.catalog import Catalog, Message

from opsportal.locale import LOCALES, catalogues, extraction, gettext, negotiate, ngettext


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_missing(locale: str) -> None:
    assert extraction.problems(locale) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_left_over(locale: str) -> None:
    used = {message.id for message in extraction.extract() if message.id}
    written = {message.id for message in catalogues.read(locale) if message.id}
    assert written - used == set()


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (Message("Wait {n} s", "Чекайте"), "other placeholders in"),
        (Message("Wait", "Чекайте {n}"), "other placeholders in"),
        (Message("Wait", ""), "empty"),
        (Message("Wait", "Чекайте", flags=["fuzzy"]), "fuzzy"),
        (Message(("{n} day", "{n} days"), ("{n} день", "{n} дні", "")), "empty"),
        (Message(("{n} day", "{n} days"), ("{n} день", "{n} дні", "днів")), "other placeholders in"),
    ],
)
def test_a_faulty_translation_is_found(message: Message, fault: str) -> None:
    assert list(extraction.faults(message)) == [fault]


def test_msgids_are_found_where_they_are_written() -> None:
    source = """
msgid = "carried by a class"
X = N_("marked")
t("shown", name=x)
tn("{n} day", "{n} days", n=x)
gettext(locale, "on the server")
ngettext(locale, "{n} hour", "{n} hours", n)
Notice(kind="ok", msgid="in a notice" if a else "or this")
other("not a text")
"""
    assert set(extraction.msgids_in(source)) == {
        "carried by a class",
        "marked",
        "shown",
        ("{n} day", "{n} days"),
        "on the server",
        ("{n} hour", "{n} hours"),
        "in a notice",
        "or this",
    }


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "n", [0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 20, 21, 22, 25, 100, 101, 111, 112, 121, 1000, 1001]
)
def test_plural_form_is_the_one_of_the_catalogue(locale: str, n: int) -> None:
    """What CLDR's category chooses is what the Plural-Forms expression of the .po file chooses."""
    expression = Catalog(locale=locale).plural_expr
    index = stdlib_gettext.c2py(expression)(n)  # type: ignore[attr-defined]
    forms = catalogues.catalogue(locale).plurals["{n} server"]
    assert catalogues.catalogue(locale).plural("{n} server", "{n} servers", n) == forms[index]


def test_ukrainian_counts() -> None:
    counted = [ngettext("uk", "{n} server", "{n} servers", n) for n in (1, 2, 5, 11, 21, 22, 111)]
    assert counted == [
        "1 сервер",
        "2 сервери",
        "5 серверів",
        "11 серверів",
        "21 сервер",
        "22 сервери",
        "111 серверів",
    ]


def test_spanish_and_english_counts() -> None:
    assert [ngettext("es", "{n} server", "{n} servers", n) for n in (0, 1, 2)] == [
        "0 servidores",
        "1 servidor",
        "2 servidores",
    ]
    assert [ngettext("en", "{n} server", "{n} servers", n) for n in (0, 1, 2)] == [
        "0 servers",
        "1 server",
        "2 servers",
    ]


def test_the_browser_has_every_category_that_its_plural_rules_can_choose() -> None:
    """Intl.PluralRules: Ukrainian knows fractions ("other"), Spanish millions ("many")."""
    uk, es, en = (catalogues.browser_catalogue(locale) for locale in ("uk", "es", "en"))
    assert {key for key in uk if key.startswith("{n} server_")} == {
        f"{{n}} server_{category}" for category in ("one", "few", "many", "other")
    }
    assert uk["{n} server_other"] == uk["{n} server_many"]
    assert es["{n} server_many"] == es["{n} server_other"] == "{n} servidores"
    assert en == {key: en[key] for key in en if key.endswith(("_one", "_other"))}, (
        "English msgids need no download"
    )


def test_unknown_texts_and_locales_are_english() -> None:
    assert gettext("uk", "no such text {x}", x=1) == "no such text 1"
    assert gettext("xx", "Power off") == "Power off"
    assert gettext("uk", "Power off") == "Вимкнути"


def test_a_placeholder_without_a_value_stays_visible() -> None:
    assert gettext("en", "Wait {seconds} s") == "Wait {seconds} s"


def test_values_are_not_read_as_placeholders() -> None:
    assert gettext("en", "{a} and {b}", a="{b}", b="x") == "{b} and x"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"),
        ("uk", "uk"),
        ("uk-UA,uk;q=0.9,en;q=0.8", "uk"),
        ("de-DE,de;q=0.9,es;q=0.5,en;q=0.4", "es"),
        ("en;q=0.1, es;q=0.2", "es"),
        ("es;q=0, en", "en"),
        ("fr", "en"),
        ("uk;q=many, es", "es"),
        (",".join(["xx"] * 500 + ["uk"]), "en"),
    ],
)
def test_negotiation(header: str, locale: str) -> None:
    assert negotiate(header) == locale
