"""Pages about oneself: profile and sessions, password, second factor."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.components import labels
from opsportal.components.clock import ago
from opsportal.components.confirm import confirm_button
from opsportal.components.elements import Agent, button_link, card, key_values, or_dash, skeleton, tag
from opsportal.components.headers import header
from opsportal.components.security import ChangePassword, MailAddress, TwoFactor
from opsportal.components.states import lines, page_body
from opsportal.components.tables import Column, table
from opsportal.components.text import moment, t, t_code
from opsportal.pages.frame import framed
from opsportal.state.account import AccountState


def _profile(account: Any) -> rx.Component:
    return card(
        key_values(
            (t("Name"), account.name),
            (t("E-mail"), account.email),
            (t("Mails go to"), rx.cond(account.mail_to, account.mail_to, account.email)),
            (t("Role"), t_code(account.role, labels.ROLE)),
            (t("Company"), or_dash(account.company)),
            (t("Language"), t_code(account.locale, labels.LANGUAGE)),
        ),
        rx.el.div(button_link(t("Change where mails go"), to="/account/mail"), class_name="row"),
        title=t("Profile"),
    )


def _security(account: Any) -> rx.Component:
    return card(
        key_values(
            (
                t("Two-factor"),
                rx.cond(account.has_second_factor, tag(t("Enabled"), "ok"), tag(t("Not enabled"), "warn")),
            ),
            (
                t("Last sign-in"),
                or_dash(
                    account.last_sign_in_at,
                    rx.fragment(moment(account.last_sign_in_at), ", ", account.last_sign_in_ip),
                ),
            ),
        ),
        rx.el.div(
            button_link(t("Change password"), to="/account/password"),
            button_link(t("Two-factor authentication"), to="/account/two-factor"),
            class_name="row",
        ),
        title=t("Security"),
    )


def _browser_cell(session: Any) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.span(Agent.create(value=session.user_agent), class_name="strong"),
            rx.cond(session.is_current, tag(t("This browser"), "info")),
            class_name="tags",
        ),
        rx.el.small(
            session.ip,
            rx.cond(session.used_second_factor, rx.fragment(" · ", t("with second factor"))),
            class_name="num",
        ),
    )


def _end_cell(session: Any) -> rx.Component:
    return rx.cond(
        session.is_current,
        rx.fragment(),
        confirm_button(
            t("Sign out"),
            title=t("Sign out this browser?"),
            text=t("It loses access at once, also on pages that are open there."),
            confirm=t("Sign out"),
            on_confirm=AccountState.end_session(session.id),
        ),
    )


_SESSION_COLUMNS = (
    Column(t("Browser"), _browser_cell),
    Column(t("Signed in"), lambda s: rx.el.span(moment(s.signed_in_at), class_name="num"), show="wide"),
    Column(t("Last seen"), lambda s: ago(s.last_seen_at), show="wide"),
    Column(rx.el.span(t("Actions"), class_name="visually-hidden"), _end_cell, right=True),
)


def _sessions(account: Any) -> rx.Component:
    return card(
        table(_SESSION_COLUMNS, account.sessions, key=lambda s: s.id, label=t("Sessions"), expected=2),
        rx.el.div(
            confirm_button(
                t("Sign out other browsers"),
                title=t("Sign out all other browsers?"),
                text=t("They lose access at once. You stay signed in here."),
                confirm=t("Sign out"),
                on_confirm=AccountState.end_other_sessions,
                disabled=account.sessions.length() < 2,
            ),
            confirm_button(
                t("Sign out everywhere"),
                title=t("Sign out everywhere?"),
                text=t("All your browsers lose access at once, this one too."),
                confirm=t("Sign out everywhere"),
                on_confirm=AccountState.sign_out_everywhere,
                kind="danger",
                danger=True,
            ),
            class_name="row",
        ),
        title=t("Where you are signed in"),
    )


def account_page() -> rx.Component:
    """Profile, security and open sessions."""
    account = AccountState.account
    loading = rx.fragment(
        rx.el.div(card(lines(5)), card(lines(5)), class_name="grid halves"), card(lines(4, "two"))
    )
    return framed(
        page_body(
            top=[
                header(t("My account")),
            ],
            problem_view=AccountState.problem,
            ready=account.is_ready,
            content=rx.fragment(
                rx.el.div(_profile(account), _security(account), class_name="grid halves"),
                _sessions(account),
            ),
            loading=loading,
            retry=AccountState.open,
        )
    )


def password_page() -> rx.Component:
    """Change password. The form does not wait for the socket, so nothing typed is lost by it."""
    return framed(
        rx.el.div(
            header(
                t("Change password"),
                crumbs=[(t("My account"), "/account")],
                sub=t("All your other browsers are signed out when you change it."),
            ),
            ChangePassword.create(),
            class_name="narrow",
        )
    )


def mail_address_page() -> rx.Component:
    """Where mails go. The form does not wait for the socket, so nothing typed is lost by it."""
    account = AccountState.account
    return framed(
        rx.el.div(
            header(
                t("Mails"),
                crumbs=[(t("My account"), "/account")],
                sub=rx.cond(
                    account.is_ready,
                    t(
                        "They go to {address} now.",
                        address=rx.cond(account.mail_to, account.mail_to, account.email),
                    ),
                    skeleton("sub"),
                ),
            ),
            MailAddress.create(),
            class_name="narrow",
        )
    )


def two_factor_page() -> rx.Component:
    """Switch the second factor on, make new recovery codes, switch it off."""
    account = AccountState.account
    on_since = card(
        rx.el.div(
            tag(t("Enabled"), "ok"),
            rx.el.span(t("since {date}", date=moment(account.second_factor_since)), class_name="sub"),
            class_name="tags",
        ),
        title=t("Two-factor authentication is on"),
    )
    return framed(
        rx.el.div(
            page_body(
                top=[header(t("Two-factor authentication"), crumbs=[(t("My account"), "/account")])],
                problem_view=AccountState.problem,
                ready=account.is_ready,
                content=TwoFactor.create(
                    on_since, enabled=account.has_second_factor, codes_left=account.recovery_codes_left
                ),
                loading=card(skeleton("line"), lines(3)),
                retry=AccountState.open,
            ),
            class_name="narrow",
        )
    )
