"""Where a person's mails go: the address of the sign-in, or another one (checklist 1.27)."""

from __future__ import annotations

import re

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission
from opsportal.domain.accounts import passwords
from opsportal.domain.audit import trail
from opsportal.domain.mail.letters import Mailbox, Text, queue_letter
from opsportal.domain.refusals import MailAddressUnusable, WrongPassword
from opsportal.models import Person
from opsportal.models.base import utcnow

LONGEST = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def set_mail_address(unit: Unit, actor: Actor, *, password: str, address: str) -> None:
    """Send the actor's mails to another address from now on; an empty one means the sign-in's.

    The password is asked for, and the sign-in's address is told, so that nobody turns mails away
    unseen. Refuses `WrongPassword` and `MailAddressUnusable`.
    """
    actor.require(Permission.OWN_ACCOUNT)
    person = unit.get_one(Person, actor.person_id, with_for_update=True)
    if not passwords.matches(person.password_hash, password):
        raise WrongPassword
    if address and (len(address) > LONGEST or not _ADDRESS.fullmatch(address)):
        raise MailAddressUnusable
    wanted = address if address.lower() not in ("", person.email) else None
    if wanted == person.mail_to:
        return
    person.mail_to = wanted
    trail.record(
        unit, "person:mail_address_changed", actor=actor, object_kind="person", object_id=person.id,
        object_name=person.name,
    )  # fmt: skip
    queue_letter(
        unit,
        to=Mailbox(person.email, person.name, person.locale, person.time_zone),
        kind="mail_address",
        subject=Text(msgid="Your mails go to {address} from now on", params={"address": wanted or person.email}),
        body=[
            Text(msgid="You have changed where mails from the portal go. The sign-in stays {email}.",
                 params={"email": person.email}),
            Text(msgid="If that was not you, sign in, change your password and tell support."),
        ],
        about=("person", actor.person_id),
        key=f"mail_address:{actor.person_id}:{utcnow().isoformat()}",
    )  # fmt: skip
    unit.changed(f"person:{actor.person_id}")
