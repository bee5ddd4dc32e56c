"""Prefixes with their use, who has which address, and reverse records that could not be written."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import network_labels as words
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import button, card, link, skeleton, status, tag
from opsportal.components.headers import header
from opsportal.components.inventory import ask, field
from opsportal.components.states import empty, page_body
from opsportal.components.tables import Column, QueryLink, table
from opsportal.components.text import moment, number, t, t_code, tn
from opsportal.pages.frame import framed
from opsportal.state.network.prefixes import PrefixesState


def _prefix(row: Any) -> rx.Component:
    return rx.el.div(
        QueryLink.create(row.cidr, set={"prefix": row.id}, class_name="row-link strong num"),
        rx.el.small(row.site),
    )


def _use(row: Any) -> rx.Component:
    """Free, assigned and at rest as one bar and in numbers."""
    return rx.el.div(
        rx.el.progress(value=row.used_bp, max=10_000, class_name="bar", aria_label=t("Use")),
        rx.el.small(
            t(
                "{assigned} assigned, {resting} at rest, {free} free",
                assigned=number(row.assigned),
                resting=number(row.resting),
                free=number(row.free),
            ),
            class_name="num",
        ),
        class_name="use",
    )


def _rest(hours: Any) -> Any:
    """Whole days are called days."""
    is_days = (hours % 24 == 0) & (hours > 0)
    return rx.cond(is_days, tn("{n} day", "{n} days", n=hours // 24), tn("{n} hour", "{n} hours", n=hours))


def _assign(row: Any) -> rx.Component:
    return ask(
        t("Assign"),
        state=PrefixesState,
        on_done=PrefixesState.assign,
        about="assign",
        subject=row.id,
        title=t("Assign an address of {prefix}", prefix=row.cidr),
        text=t("The server must stand at the site of this prefix."),
        fields=[
            field("server", t("Server"), "server", hint=t("Its name, as on its page")),
            field("ip", t("Address"), hint=t("Empty: the next free one"), optional=True),
        ],
    )


def _change(row: Any) -> rx.Component:
    return ask(
        t("Change"),
        state=PrefixesState,
        on_done=PrefixesState.change_prefix,
        about="change",
        subject=row.id,
        kind="ghost",
        title=t("Change {prefix}", prefix=row.cidr),
        confirm=t("Save"),
        text=t(
            "Gateway and site stay while any of its addresses is assigned. Its network never changes: "
            "remove the prefix and add another one."
        ),
        fields=[
            field("gateway", t("Gateway"), initial=row.gateway),
            field("site", t("Site"), initial=row.site),
            field("hours", t("Hours of rest before reuse"), "number", initial=row.quarantine_hours),
        ],
    )


def _remove(row: Any) -> rx.Component:
    return confirm_button(
        t("Remove"),
        title=t("Remove {prefix}?", prefix=row.cidr),
        text=t("No server gets addresses of it any more. Who once had one stays in the history."),
        confirm=t("Remove"),
        on_confirm=PrefixesState.remove_prefix(row.id),
        kind="ghost",
        danger=True,
    )


def _actions(row: Any) -> rx.Component:
    """Removing is offered only for a prefix of which nothing is in use; the portal refuses it otherwise, too."""
    return rx.el.div(
        _assign(row),
        _change(row),
        rx.cond(row.assigned + row.resting == 0, _remove(row)),
        class_name="row port-actions",
    )


_COLUMNS = (
    Column(t("Prefix"), _prefix),
    Column(t("Use"), _use),
    Column(t("Gateway"), lambda r: rx.el.span(r.gateway, class_name="num"), show="wide"),
    Column(
        t("Reverse zone"),
        lambda r: rx.cond(
            r.zone, rx.el.code(r.zone), rx.el.span(t("Not in our hands"), class_name="warn-text")
        ),
        show="widest",
    ),
    Column(
        t("Rest before reuse"),
        lambda r: rx.el.div(
            rx.el.span(_rest(r.quarantine_hours), class_name="num nowrap"),
            rx.cond(r.next_free_at, rx.el.small(t("next free {when}", when=moment(r.next_free_at)))),
        ),
        right=True,
        show="widest",
    ),
    Column("", _actions, right=True),
)

_USE_COLUMNS = (
    Column(t("Address"), lambda u: rx.el.span(u.address, class_name="strong num")),
    Column(t("State"), lambda u: status(u.status, words=words.USE, tones=words.USE_TONE, flash=True)),
    Column(
        t("Server"), lambda u: link(u.server, to=f"/servers/{u.server_id}?tab=network", class_name="row-link")
    ),
    Column(
        t("Since"),
        lambda u: rx.el.div(
            rx.el.span(moment(u.since), class_name="num nowrap"),
            rx.cond(u.held_until, rx.el.small(t("until {when}", when=moment(u.held_until)))),
        ),
        show="wide",
    ),
    Column(
        "",
        lambda u: rx.cond(
            u.status == "assigned",
            confirm_button(
                t("Release"),
                title=t("Release {address}?", address=u.address),
                text=t(
                    "{server} loses this address, its reverse DNS is removed, and the address rests before anybody else gets it.",
                    server=u.server,
                ),
                confirm=t("Release"),
                on_confirm=PrefixesState.release(u.id),
                danger=True,
            ),
        ),
        right=True,
    ),
)

_FAILED_COLUMNS = (
    Column(t("Address"), lambda f: rx.el.span(f.ip, class_name="strong num")),
    Column(
        t("Name"),
        lambda f: rx.cond(f.name, rx.el.code(f.name), rx.el.span(t("To be removed"), class_name="sub")),
    ),
    Column(t("What happened"), lambda f: t_code(f.error_code, words.DNS_ERROR)),
    Column(
        t("Server"),
        lambda f: link(f.server, to=f"/servers/{f.server_id}?tab=network", class_name="row-link"),
        show="wide",
    ),
    Column(t("Asked"), lambda f: ago(f.wanted_at), show="wide"),
    Column("", lambda f: button(t("Try again"), on_click=PrefixesState.retry(f.id)), right=True),
)


def _failed(view: Any) -> rx.Component:
    return rx.cond(
        view.failed.length() > 0,
        card(
            table(
                _FAILED_COLUMNS,
                view.failed,
                key=lambda f: f.id,
                label=t("Reverse records that are not written"),
            ),
            title=t("Reverse records that are not written"),
        ),
    )


def _opened(view: Any) -> rx.Component:
    title = t("Addresses of {prefix}", prefix=view.open_cidr)
    nothing = empty(
        t("Nothing is assigned"), t("Addresses that servers get appear here, also while they rest.")
    )
    return rx.cond(
        view.open_id > 0,
        card(
            rx.cond(
                view.is_cut,
                rx.el.p(
                    t("Only the first {n} addresses are shown.", n=number(view.uses.length())),
                    class_name="banner info",
                ),
            ),
            table(_USE_COLUMNS, view.uses, key=lambda u: u.id, label=title, empty=nothing),
            title=title,
            side=QueryLink.create(t("Close"), set={"prefix": ""}, class_name="sub"),
        ),
    )


def _add() -> rx.Component:
    return ask(
        t("Add a prefix"),
        state=PrefixesState,
        on_done=PrefixesState.add_prefix,
        about="prefix",
        kind="primary",
        text=t("IPv4 is handed out address by address, IPv6 by networks of 64 bits."),
        fields=[
            field("cidr", t("Prefix"), hint="192.0.2.0/24"),
            field(
                "gateway",
                t("Gateway"),
                hint=t("Empty: the first address, or fe80::1 with IPv6"),
                optional=True,
            ),
            field("site", t("Site")),
            field("hours", t("Hours of rest before reuse"), "number", initial="168"),
        ],
    )


def prefixes_page() -> rx.Component:
    """For operators and technicians."""
    view = PrefixesState.prefixes
    nothing = empty(
        t("No prefix is on record"), t("Add the first network that servers get addresses of."), _add()
    )
    summary = rx.cond(view.is_ready, tn("{n} prefix", "{n} prefixes", n=view.rows.length()), skeleton("sub"))
    beside = rx.cond(
        view.failed.length() > 0,
        tag(tn("{n} reverse record failed", "{n} reverse records failed", n=view.failed.length()), "bad"),
    )
    return framed(
        page_body(
            top=[header(t("Networks"), sub=summary, beside=beside, actions=[_add()])],
            problem_view=PrefixesState.problem,
            ready=True,
            content=rx.fragment(
                card(
                    table(
                        _COLUMNS,
                        view.rows,
                        key=lambda r: r.id,
                        label=t("Prefixes"),
                        ready=view.is_ready,
                        empty=nothing,
                    )
                ),
                _failed(view),
                _opened(view),
            ),
            loading=rx.fragment(),
            retry=PrefixesState.open,
        )
    )
