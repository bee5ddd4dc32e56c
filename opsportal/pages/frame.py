"""The signed-in frame with our states in it, and how a page is put into it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels, shell
from opsportal.components.clock import ago
from opsportal.components.elements import Flash, button_link, link, skeleton
from opsportal.components.shell import Group, Item
from opsportal.components.text import money, t, t_code, tn
from opsportal.locale import N_
from opsportal.settings import settings
from opsportal.state.shell import PaletteState, ShellState

BRAND = settings().brand
_JOBS_NOW = rx.cond(ShellState.counters.active_jobs > 0, f"{ShellState.counters.active_jobs}", "")
_ACTIVE_JOBS = rx.cond(ShellState.counters.outages.length() > 0, "!", _JOBS_NOW)


def _client_menu() -> rx.Component:
    counters = ShellState.counters
    return shell.menu(
        [
            Group(None, [Item(t("Dashboard"), "/")]),
            Group(
                t("Services"),
                [
                    Item(t("All services"), "/services"),
                    Item(t("Servers"), "/services?family=server", counters.server, also="/servers"),
                    Item(t("Storage"), "/services?family=storage", counters.storage),
                    Item(t("Hosting"), "/services?family=hosting", counters.hosting),
                    Item(t("VPN"), "/services?family=vpn", counters.vpn),
                    Item(t("Domains"), "/services?family=domain", counters.domain),
                ],
            ),
            _tickets_group(),
            _billing_group(),
            _account_group(),
        ]
    )


def _billing_group() -> Group:
    """A client's money, with what is new or else unpaid."""
    strip = ShellState.strip
    waiting = rx.cond(strip.unpaid > 0, f"{strip.unpaid}", "")
    marked = rx.cond(strip.new > 0, tn("{n} new", "{n} new", n=strip.new), waiting)
    return Group(
        t("Billing"),
        [
            Item(t("Add funds"), "/billing/funds"),
            Item(t("Invoices"), "/billing/invoices", marked),
            Item(t("Transactions"), "/billing/transactions"),
        ],
    )


def _finance_group() -> Group:
    return Group(
        t("Billing"),
        [
            Item(t("Invoices"), "/billing/invoices"),
            Item(t("Transactions"), "/billing/transactions"),
            Item(t("Renewal runs"), "/billing/runs"),
            Item(t("Traffic plans"), "/billing/traffic"),
        ],
    )


def _strip() -> rx.Component:
    """What the client has, and where to add to it. Staff have no money here."""
    strip = ShellState.strip
    return rx.cond(
        ShellState.me.role == "client",
        rx.el.div(
            rx.cond(
                strip.is_ready,
                rx.fragment(
                    link(
                        rx.el.small(t("Balance")),
                        Flash.create(
                            rx.el.b(money(strip.cash_minor, strip.currency), class_name="num"),
                            of=strip.cash_minor,
                        ),
                        to="/billing/transactions",
                        class_name="strip-item balance",
                    ),
                    link(
                        rx.el.small(t("Credit")),
                        Flash.create(
                            rx.el.b(money(strip.credit_minor, strip.currency), class_name="num"),
                            of=strip.credit_minor,
                        ),
                        to="/billing/transactions",
                        class_name="strip-item credit",
                    ),
                ),
                skeleton(),
            ),
            button_link(t("Add funds"), to="/billing/funds", kind="primary"),
            class_name="strip",
        ),
        rx.fragment(),
    )


def _tickets_group() -> Group:
    """A client's tickets, with how many this person has not read."""
    unread = ShellState.support.unread
    return Group(t("Support"), [Item(t("Tickets"), "/tickets", rx.cond(unread > 0, f"{unread}", ""))])


def _desk_group(*more: Item) -> Group:
    """The staff's desk, with how many tickets wait for an answer."""
    owed = ShellState.support.owed
    return Group(t("Support"), [Item(t("Desk"), "/desk", rx.cond(owed > 0, f"{owed}", "")), *more])


def _account_group() -> Group:
    return Group(
        t("Account"),
        [
            Item(t("My account"), "/account", exact=True),
            Item(t("Password"), "/account/password"),
            Item(t("Two-factor"), "/account/two-factor"),
        ],
    )


def _operator_menu() -> rx.Component:
    return shell.menu(
        [
            _desk_group(Item(t("Mails"), "/mails")),
            Group(
                t("Data centre"),
                [
                    Item(t("Queues"), "/queues", _ACTIVE_JOBS),
                    Item(t("Networks"), "/network"),
                    Item(t("Switches"), "/pollers"),
                    Item(t("Fleet"), "/fleet", also="/servers"),
                    Item(t("Racks"), "/racks"),
                    Item(t("Stock"), "/stock", also="/intake"),
                    Item(t("Parts"), "/parts"),
                    Item(t("Scan a label"), "/scan", also="/s"),
                ],
            ),
            Group(
                t("Business"),
                [
                    Item(t("Companies"), "/companies"),
                    Item(t("Services"), "/services"),
                    Item(t("Audit trail"), "/audit"),
                ],
            ),
            _finance_group(),
            _account_group(),
        ]
    )


def _technician_menu() -> rx.Component:
    return shell.menu(
        [
            _desk_group(),
            Group(
                t("Data centre"),
                [
                    Item(t("Fleet"), "/fleet", also="/servers"),
                    Item(t("Racks"), "/racks"),
                    Item(t("Stock"), "/stock", also="/intake"),
                    Item(t("Parts"), "/parts"),
                    Item(t("Scan a label"), "/scan", also="/s"),
                    Item(t("Queues"), "/queues", _ACTIVE_JOBS),
                    Item(t("Networks"), "/network"),
                    Item(t("Switches"), "/pollers"),
                ],
            ),
            _account_group(),
        ]
    )


def _menu() -> rx.Component:
    return rx.match(
        ShellState.me.role,
        ("client", _client_menu()),
        ("operator", _operator_menu()),
        ("technician", _technician_menu()),
        rx.el.div(*(skeleton("nav") for _ in range(7)), class_name="skeletons", aria_busy="true"),
    )


def _page(label: Any, href: str) -> dict[str, Any]:
    return {"label": label, "href": href}


def _palette() -> rx.Component:
    own = [
        _page(t("My account"), "/account"),
        _page(t("Change password"), "/account/password"),
        _page(t("Two-factor authentication"), "/account/two-factor"),
    ]
    client = [
        _page(t("Dashboard"), "/"),
        _page(t("All services"), "/services"),
        *(_page(t(words), f"/services?family={family}") for family, words in labels.FAMILY.items()),
        _page(t("Suspended services"), "/services?status=suspended"),
        _page(t("Add funds"), "/billing/funds"),
        _page(t("Invoices"), "/billing/invoices"),
        _page(t("Transactions"), "/billing/transactions"),
        _page(t("Tickets"), "/tickets"),
        _page(t("Add ticket"), "/tickets/new"),
        *own,
    ]
    hardware = [
        _page(t("Fleet"), "/fleet"),
        _page(t("Racks"), "/racks"),
        _page(t("Stock"), "/stock"),
        _page(t("Parts"), "/parts"),
        _page(t("Arrivals"), "/arrivals"),
        _page(t("Take in a machine"), "/intake"),
        _page(t("Approved firmware"), "/firmware"),
        _page(t("Scan a label"), "/scan"),
        _page(t("Labels"), "/labels"),
        _page(t("Networks"), "/network"),
        _page(t("Switches"), "/pollers"),
    ]
    technician = [
        _page(t("Desk"), "/desk"),
        *hardware,
        _page(t("Queues"), "/queues"),
        *own,
    ]
    operator = [
        _page(t("Desk"), "/desk"),
        _page(t("Queues"), "/queues"),
        *hardware,
        _page(t("Mails"), "/mails"),
        _page(t("Companies"), "/companies"),
        _page(t("Invoices"), "/billing/invoices"),
        _page(t("Transactions"), "/billing/transactions"),
        _page(t("Renewal runs"), "/billing/runs"),
        _page(t("Traffic plans"), "/billing/traffic"),
        _page(t("Services"), "/services"),
        _page(t("Audit trail"), "/audit"),
        *own,
    ]
    role = ShellState.me.role
    return shell.Palette.create(
        pages=rx.match(role, ("operator", operator), ("technician", technician), client),
        hits=PaletteState.hits,
        query=PaletteState.query,
        on_search=PaletteState.search,
    )


def _alarms() -> rx.Component:
    """What of the machinery is out of order, on every page of the staff that looks after it."""
    return rx.foreach(ShellState.counters.outages, _alarm)


def _alarm(outage: Any) -> rx.Component:
    queue = t_code(outage.queue, labels.QUEUE)
    words = rx.match(
        outage.kind,
        ("queue", t("Nobody works on the queue {queue}.", queue=queue)),
        ("lost", t("A worker of the queue {queue} has gone silent.", queue=queue)),
        ("redis", t("Redis does not answer: no work reaches a worker.")),
        t("Work is not handed to the queues."),
    )
    return rx.el.p(
        words,
        " ",
        ago(outage.since, text=N_("It began {ago}.")),
        " ",
        link(t("Queues"), to="/queues"),
        class_name="banner bad alarm",
        role="alert",
        key=f"{outage.kind}:{outage.queue}",
    )


def framed(content: rx.Component) -> rx.Component:
    """A page inside the shell of whoever looks at it."""
    me = ShellState.me
    return shell.frame(
        content,
        brand_name=BRAND,
        company=rx.cond(me.company, me.company, t_code(me.role, labels.ROLE)),
        strip=_strip(),
        side=_menu(),
        avatar=shell.Avatar.create(
            name=me.name,
            email=me.email,
            locale=me.locale,
            sign_out_url="/auth/sign-out",
            on_locale=ShellState.set_locale,
        ),
        palette=_palette(),
        notices=shell.Notices.create(notice=ShellState.notice),
        alarms=_alarms(),
    )
