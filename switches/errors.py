"""What can go wrong between us and a switch, in words for the people who run the data centre.

The texts come only from here: nothing that a switch sent reaches `advice`, so an error can be shown,
logged and stored as it is.
"""

from __future__ import annotations

from typing import ClassVar


class SwitchError(Exception):
    """A switch did not give what was asked. Nothing of that answer may be used.

    `code` is stable and for programs, `advice` a sentence for people: what happened, what to do next.
    """

    code: ClassVar[str] = "switch_error"
    advice: ClassVar[str] = "The switch did not give what was asked."

    def __init__(self) -> None:
        super().__init__(self.advice)

    def __str__(self) -> str:
        return f"{self.code}: {self.advice}"


class SwitchUnreachable(SwitchError):
    """Nothing came back. An agent also stays silent for an unknown community (RFC 3584, 4.1.1)."""

    code = "switch_unreachable"
    advice = (
        "The switch does not answer. Check its management network and that SNMP is on; a wrong community "
        "or privacy password looks the same. Counting goes on where it stopped as soon as it answers."
    )


class SwitchCredentialsRefused(SwitchError):
    """SNMPv3: unknown user, wrong password, or a security level that the agent does not allow."""

    code = "switch_credentials_refused"
    advice = "The switch refused our SNMP user or password. Correct the stored credentials."


class SwitchBadAnswer(SwitchError):
    """Something answers, and it is no SNMP or not what the MIB promises: wrong types, impossible values."""

    code = "switch_bad_answer"
    advice = (
        "The switch answered in a form that cannot be used; nothing of it was stored. Check that the address "
        "belongs to a switch with IF-MIB, and its firmware."
    )


class SwitchWithoutPorts(SwitchError):
    """It answers, and no interface has a name and octet counters."""

    code = "switch_without_ports"
    advice = (
        "The switch answers but shows no ports with counters. Allow our community or user to read IF-MIB "
        "(ifTable and ifXTable)."
    )


class SwitchAnswerTooBig(SwitchError):
    """Even a single value does not fit into an answer, says the agent."""

    code = "switch_answer_too_big"
    advice = "The switch says that even the smallest answer is too big for it. Check its firmware and SNMP settings."


class SwitchWriteRefused(SwitchError):
    """It answers, and does not let us write: no write community or user, or no right to this value."""

    code = "switch_write_refused"
    advice = (
        "The switch does not let us set this. Nothing was changed; give our write community or user the right "
        "to set ifAdminStatus, and store its credentials."
    )


class SwitchPortMoved(SwitchError):
    """Another port stands at the ifIndex on record, so that nothing may be written there."""

    code = "switch_port_moved"
    advice = (
        "The switch has renumbered its ports since they were last looked at. Nothing was changed; try again "
        "after the next poll."
    )


class SwitchPortUnmoved(SwitchError):
    """The switch took the order, and the port did not follow."""

    code = "switch_port_unmoved"
    advice = "The switch took the order, but its port did not follow. Look at the switch before trying again."


ERRORS: dict[str, type[SwitchError]] = {
    kind.code: kind
    for kind in (
        SwitchUnreachable,
        SwitchCredentialsRefused,
        SwitchBadAnswer,
        SwitchWithoutPorts,
        SwitchAnswerTooBig,
        SwitchWriteRefused,
        SwitchPortMoved,
        SwitchPortUnmoved,
    )
}
"""Every error by its code."""
