"""Finding every msgid in the code and comparing it with the catalogues."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from opsportal.locale import catalogues

ROOT = catalogues.HERE.parent.parent
BROWSER = ROOT / "opsportal" / "components" / "browser"
_PACKAGES = ("opsportal", "workers", "bmc")

# Which positional arguments are the msgid (and its plural): the server's functions name the locale first.
_CALLS = {"N_": (0,), "t": (0,), "tn": (0, 1), "gettext": (1,), "ngettext": (1, 2)}
_BROWSER_CALLS = {"intl.t": None, "i18next.t": None, "intl.tn": (1, 2), "N_": None}
# A view, a refusal or a notice carries its sentence under this name.
_CARRIER = "msgid"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

Msgid = str | tuple[str, str]


def extract() -> Catalog:
    """A catalogue of every msgid used in the code, without translations."""
    found = Catalog(domain=catalogues.DOMAIN)
    for path in (file for name in _PACKAGES for file in sorted((ROOT / name).rglob("*.py"))):
        for msgid in msgids_in(path.read_text(encoding="utf-8")):
            found.add(msgid, locations=[(path.relative_to(ROOT).as_posix(), 1)])
    for path in sorted(BROWSER.glob("*.js*")):
        options = {"jsx": "true", "template_string": "true"}
        for _, msgid, _, _ in extract_from_file("javascript", path, keywords=_BROWSER_CALLS, options=options):
            found.add(msgid, locations=[(path.relative_to(ROOT).as_posix(), 1)])
    return found


def msgids_in(source: str) -> Iterator[Msgid]:
    """Msgids of one Python module: in marked calls, and in anything named `msgid`."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call():
                yield from _of_call(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == _CARRIER:
                yield from _texts(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == _CARRIER:
                yield from _texts(value)


def _of_call(call: ast.Call) -> Iterator[Msgid]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    positions = _CALLS.get(name, ())
    texts = [text for at in positions if at < len(call.args) for text in _texts(call.args[at])]
    if texts and len(texts) == len(positions):
        yield texts[0] if len(texts) == 1 else (texts[0], texts[1])
    for keyword in call.keywords:
        if keyword.arg == _CARRIER:
            yield from _texts(keyword.value)


def _texts(node: ast.expr) -> Iterator[str]:
    """The literal of an expression; both of a conditional one."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)


def update(locale: str) -> None:
    """Bring one catalogue to the msgids of the code: new ones empty, unused ones gone, nothing guessed."""
    path = catalogues.path_of(locale)
    written = catalogues.read(locale) if path.exists() else _new(locale)
    written.update(extract(), no_fuzzy_matching=True, update_creation_date=False)
    written.obsolete.clear()
    if locale == "en":
        for message in written:
            if isinstance(message.id, tuple):
                message.string = message.id
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, written, width=110, no_location=True, sort_output=True, omit_header=False)


def _new(locale: str) -> Catalog:
    return Catalog(
        locale=locale,
        domain=catalogues.DOMAIN,
        project="opsportal",
        version="1",
        header_comment="",
        fuzzy=False,
    )


def problems(locale: str) -> list[str]:
    """What is wrong with one catalogue, one line each; empty when it is complete."""
    written = catalogues.read(locale)
    found = []
    for wanted in extract():
        if not wanted.id:
            continue
        have = written.get(wanted.id)
        if have is None:
            found.append(f"{locale}: missing {wanted.id!r} ({wanted.locations[0][0]})")
        elif locale != "en" or isinstance(wanted.id, tuple):
            found.extend(f"{locale}: {what} {wanted.id!r}" for what in faults(have))
    return found


def faults(message: Message) -> Iterator[str]:
    """What is wrong with one translated message."""
    is_plural = isinstance(message.id, tuple)
    strings = tuple(message.string) if isinstance(message.string, (tuple, list)) else (message.string,)
    if message.fuzzy:
        yield "fuzzy"
    if not all(strings):
        yield "empty"
        return
    wanted = _placeholders(message.id[1] if is_plural else message.id)
    if any(_placeholders(str(string)) != wanted for string in strings):
        yield "other placeholders in"


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))
