"""My account: who I am, where I am signed in, and signing out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from opsportal.db import Unit, in_unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts import second_factor, sessions
from opsportal.models import Company, Person
from opsportal.state.guard import allow, current_actor
from opsportal.state.shell import SHELL
from opsportal.state.showing import StateView, show
from opsportal.state.views import AccountView, ProblemView, SessionView, iso
from opsportal.state.wire import Id


class AccountState(rx.State):
    """The pages about oneself: /account, /account/password, /account/two-factor."""

    account: AccountView = AccountView()
    problem: ProblemView = ProblemView()

    @allow(Permission.OWN_ACCOUNT)
    async def open(self) -> Any:
        return await show(self, *SHELL, (ACCOUNT, None))

    @allow(Permission.OWN_ACCOUNT)
    async def end_session(self, session_id: Id) -> None:
        """Sign out one of my browsers; its open pages lose their rights at once."""
        await in_unit(sessions.end_session, current_actor(), session_id)

    @allow(Permission.OWN_ACCOUNT)
    async def end_other_sessions(self) -> None:
        """Sign out everywhere but here."""
        await in_unit(sessions.sign_out_others, current_actor())

    @allow(Permission.OWN_ACCOUNT)
    async def sign_out_everywhere(self) -> Any:
        """Sign out everywhere, here too."""
        await in_unit(sessions.sign_out_everywhere, current_actor())
        return rx.redirect("/sign-in")


def read_account(unit: Unit, actor: Actor, _: Any) -> AccountView:
    person = unit.get_one(Person, actor.person_id)
    company = unit.get(Company, person.company_id) if person.company_id else None
    last = sessions.previous_sign_in(unit, actor)
    return AccountView(
        is_ready=True,
        name=person.name,
        email=person.email,
        mail_to=person.mail_to or "",
        role=person.role,
        company=company.name if company else "",
        locale=person.locale,
        time_zone=person.time_zone,
        has_second_factor=person.totp_enabled_at is not None,
        second_factor_since=iso(person.totp_enabled_at),
        recovery_codes_left=second_factor.count_recovery_codes(unit, actor.person_id),
        last_sign_in_at=iso(last.signed_in_at) if last else "",
        last_sign_in_ip=last.ip if last else "",
        sessions=[
            SessionView(
                id=row.id or 0,
                is_current=row.id == actor.session_id,
                ip=row.ip,
                user_agent=row.user_agent,
                signed_in_at=iso(row.signed_in_at),
                last_seen_at=iso(row.last_seen_at),
                used_second_factor=row.used_second_factor,
            )
            for row in sessions.list_open_sessions(unit, actor.person_id)
        ],
    )


ACCOUNT = StateView(
    "account",
    AccountState,
    "account",
    read_account,
    lambda actor, _: frozenset({f"person:{actor.person_id}"}),
    is_personal=True,
    empty=AccountView(),
)
