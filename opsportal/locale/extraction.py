"""Finding every msgid in the code and comparing it with the catalogues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from opsportal.locale import catalogues

ROOT = catalogues.HERE.parent.parent
_SOURCES = ("opsportal", "workers", "bmc")

# Which argument is the msgid. `gettext(locale, msgid)` and `ngettext(locale, singular, plural, n)` name it second.
_PYTHON = {
    "N_": None,
    "t": None,
    "tn": (1, 2),
    "gettext": (2,),
    "ngettext": (2, 3),
}
_BROWSER = {"intl.t": None, "i18next.t": None, "intl.tn": (1, 2), "N_": None}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def sources() -> Iterator[Path]:
    """Every file that may hold a msgid, in a stable order."""
    for name in _SOURCES:
        top = ROOT / name
        yield from sorted(top.rglob("*.py"))
    yield from sorted((ROOT / "opsportal" / "components" / "browser").glob("*.js*"))


def extract() -> Catalog:
    """A catalogue of every msgid used in the code, without translations."""
    found = Catalog(domain=catalogues.DOMAIN)
    for path in sources():
        is_python = path.suffix == ".py"
        messages = extract_from_file(
            "python" if is_python else "javascript",
            path,
            keywords=_PYTHON if is_python else _BROWSER,
            comment_tags=("Translators:",),
            options={} if is_python else {"jsx": "true", "template_string": "true"},
        )
        for line, msgid, comments, _context in messages:
            found.add(msgid, locations=[(path.relative_to(ROOT).as_posix(), line)], auto_comments=comments)
    return found


def update(locale: str) -> None:
    """Bring one catalogue to the msgids of the code: new ones empty, unused ones gone, nothing guessed."""
    path = catalogues.path_of(locale)
    written = catalogues.read(locale) if path.exists() else Catalog(locale=locale, domain=catalogues.DOMAIN)
    written.update(extract(), no_fuzzy_matching=True)
    written.obsolete.clear()
    if locale == "en":
        for message in written:
            if isinstance(message.id, tuple):
                message.string = message.id
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, written, width=110, no_location=True, sort_output=True)


def problems(locale: str) -> list[str]:
    """What is wrong with one catalogue, one sentence each; empty when it is complete."""
    written = catalogues.read(locale)
    found = []
    for wanted in extract():
        if not wanted.id:
            continue
        have = written.get(wanted.id)
        if have is None:
            found.append(f"{locale}: missing {wanted.id!r} ({wanted.locations[0][0]})")
        elif locale != "en" or isinstance(wanted.id, tuple):
            found.extend(f"{locale}: {what} {wanted.id!r}" for what in _faults(have))
    return found


def _faults(message: Message) -> Iterator[str]:
    is_plural = isinstance(message.id, tuple)
    strings = tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)
    if message.fuzzy:
        yield "fuzzy"
    if not all(strings):
        yield "empty"
        return
    wanted = _placeholders(message.id[1] if is_plural else message.id)
    for string in strings:
        if _placeholders(str(string)) != wanted:
            yield "other placeholders in"


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))
