"""Reading the .po catalogues, once per process, and writing them as the browser wants them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALES: Final = ("en", "uk", "es")
DOMAIN: Final = "opsportal"
HERE: Final = Path(__file__).parent

# CLDR plural categories in the order of each catalogue's gettext forms. Spanish has a third category,
# for millions, and Ukrainian a fourth, for fractions; gettext has no form for either.
_CATEGORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("one", "other"),
    "es": ("one", "other"),
    "uk": ("one", "few", "many"),
}
_BORROWED: Final[Mapping[str, Mapping[str, str]]] = {"es": {"many": "other"}, "uk": {"other": "many"}}


@dataclass(frozen=True)
class Texts:
    """The texts of one locale: plain ones by msgid, plural ones by singular msgid."""

    locale: str
    plain: Mapping[str, str]
    plurals: Mapping[str, tuple[str, ...]]

    def text(self, msgid: str) -> str:
        return self.plain.get(msgid, msgid)

    def plural(self, singular: str, plural: str, n: int) -> str:
        forms = self.plurals.get(singular)
        if not forms:
            return singular if n == 1 else plural
        category = Locale.parse(self.locale).plural_form(n)
        category = _BORROWED.get(self.locale, {}).get(category, category)
        return forms[_CATEGORIES[self.locale].index(category)]


def path_of(locale: str) -> Path:
    return HERE / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(locale: str) -> Catalog:
    """The catalogue as written, for tools and tests."""
    with path_of(locale).open("rb") as source:
        return read_po(source, locale=locale, domain=DOMAIN)


@functools.cache
def catalogue(locale: str) -> Texts:
    """The texts of `locale`; an unknown locale has none, so every text is the English msgid."""
    if locale not in LOCALES or not path_of(locale).exists():
        return Texts("en", {}, {})
    plain: dict[str, str] = {}
    plurals: dict[str, tuple[str, ...]] = {}
    for message in read(locale):
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, tuple):
            forms = tuple(message.string or ())
            if all(forms):
                plurals[str(message.id[0])] = forms
        elif message.string:
            plain[str(message.id)] = str(message.string)
    return Texts(locale, plain, plurals)


def browser_catalogue(locale: str) -> dict[str, str]:
    """The texts of `locale` as i18next keys: `msgid`, and `singular_<CLDR category>` for plural forms."""
    texts = catalogue(locale)
    keys = dict(texts.plain)
    for singular, forms in texts.plurals.items():
        by_category = dict(zip(_CATEGORIES[locale], forms, strict=True))
        for category, borrowed in _BORROWED.get(locale, {}).items():
            by_category[category] = by_category[borrowed]
        keys.update({f"{singular}_{category}": form for category, form in by_category.items()})
    return keys
