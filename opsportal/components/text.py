"""Texts, money, times and numbers as Vars that the browser writes in the viewer's language.

States send codes, ISO 8601 UTC times and integer minor units; nothing here knows a locale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex.vars.function import FunctionStringVar

_INTL = VarData(
    imports={"$/portal/intl": "useIntl"},
    hooks={"const intl = useIntl();": None},
)


def _written(function: str, *args: Any) -> rx.vars.StringVar:
    """Var of a call of the viewer's `intl` object."""
    call = FunctionStringVar.create(f"intl.{function}", _var_data=_INTL).call(*args)
    return call.to(str)


def t(msgid: str, **params: Any) -> rx.vars.StringVar:
    """The text of an English msgid; `{name}` in it is replaced by the parameter of that name."""
    return _written("t", msgid, params) if params else _written("t", msgid)


def tn(singular: str, plural: str, *, n: Any, **params: Any) -> rx.vars.StringVar:
    """The text of a msgid with plural forms, chosen by `n`, which also fills `{n}`."""
    return _written("tn", singular, plural, n, params)


def t_var(msgid: Any, params: Any = None) -> rx.vars.StringVar:
    """The text of a msgid that a state holds; `params` is a Var of a mapping with its parameters."""
    return _written("t", msgid) if params is None else _written("t", msgid, params)


def t_code(code: Any, texts: Mapping[str, str]) -> rx.vars.StringVar:
    """The text a code stands for; write the msgids of `texts` with N_(). An unknown code shows itself."""
    return _written("t", chosen(code, texts, otherwise=code))


def chosen(code: Any, values: Mapping[str, str], *, otherwise: Any) -> rx.vars.StringVar:
    """The value under a code, or `otherwise`; looked up in the browser."""
    table, key, fallback = rx.Var.create(dict(values)), rx.Var.create(code), rx.Var.create(otherwise)
    return rx.Var(f"({table!s}[{key!s}] ?? {fallback!s})", _var_data=_merged(table, key, fallback)).to(str)


def _merged(*values: Any) -> VarData | None:
    return VarData.merge(*(v._get_all_var_data() for v in values if isinstance(v, rx.Var)))


def money(minor: Any, currency: Any) -> rx.vars.StringVar:
    """An amount in integer minor units with its ISO 4217 currency code."""
    return _written("money", minor, currency)


def number(value: Any) -> rx.vars.StringVar:
    """A number with the viewer's separators."""
    return _written("number", value)


def date(iso: Any) -> rx.vars.StringVar:
    """A calendar day (as it is) or the day of an instant (in the viewer's time zone)."""
    return _written("date", iso)


def moment(iso: Any) -> rx.vars.StringVar:
    """Day and time of an instant in the viewer's time zone."""
    return _written("moment", iso)


def time(iso: Any) -> rx.vars.StringVar:
    """Time of day with seconds, in the viewer's time zone."""
    return _written("time", iso)


def duration(seconds: Any) -> rx.vars.StringVar:
    """Seconds as the two largest units that say something: "4m 2s"."""
    return _written("duration", seconds)


def rate(bps: Any) -> rx.vars.StringVar:
    """Bits a second with an SI prefix: "412 Mbit/s"."""
    return _written("rate", bps)


def volume(count: Any) -> rx.vars.StringVar:
    """Bytes with an SI prefix: "1.24 TB". Takes text too: a number may be too large for JavaScript."""
    return _written("volume", count)


def whole(digits: Any) -> rx.vars.StringVar:
    """Every digit of a whole number that travels as text."""
    return _written("whole", digits)
