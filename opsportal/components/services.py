"""Pieces of services: what rose, who did it, and the form for another price or plan."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.text import money, t, t_code


def _terms(
    draft: rx.Var[str],
    service_id: rx.Var[int],
    plan_id: rx.Var[int],
    price: rx.Var[str],
    reason: rx.Var[str],
) -> list[rx.Var[Any]]:
    return [draft, service_id, plan_id, price, reason]


class TermsButton(rx.Component):
    """A button that asks for a plan, a price and a reason."""

    library = "$/portal/services"
    tag = "TermsButton"

    contract: rx.Var[Any]
    owner: rx.Var[int]
    label: rx.Var[str]
    title: rx.Var[str]
    text: rx.Var[str]
    answer: rx.Var[Any]

    on_done: rx.EventHandler[_terms]


def who(by: Any, kind: Any) -> rx.Component:
    """Who did it: a name where there is one to be told, else our staff or the portal itself."""
    return rx.cond(by != "", by, rx.cond(kind == "portal", t("The portal"), t("Our staff")))


def price(minor: Any, currency: Any, term: Any) -> rx.Component:
    """An amount with its term: "€74.00 per month"."""
    return rx.fragment(money(minor, currency), " ", t_code(term, labels.TERM))
