"""People, from the machine itself: `python -m opsportal.people COMMAND EMAIL …`

For the first operator of a new installation, and for whoever must be let in no more.
"""

from __future__ import annotations

import argparse
import sys

from opsportal.console_commands import NothingChanged, carry_out
from opsportal.db import Unit
from opsportal.domain.accounts import administration
from opsportal.domain.refusals import NotFound
from opsportal.models import Role


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m opsportal.people", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="add an operator or technician; prints a password")
    add.add_argument("email")
    add.add_argument("name")
    add.add_argument("--role", choices=[Role.OPERATOR.value, Role.TECHNICIAN.value], required=True)
    for command, what in (
        ("deactivate", "let nobody in under this e-mail, and end every open session at once"),
        ("activate", "let the person in again"),
        ("reset-second-factor", "for who has lost it and all recovery codes; make sure who asks"),
    ):
        commands.add_parser(command, help=what).add_argument("email")
    return parser


def _do(unit: Unit, given: argparse.Namespace, by: str) -> str:
    """Carry out one command. Returns the sentence to print."""
    try:
        return _carry_out(unit, given, by)
    except NotFound:
        raise NothingChanged(f"Nobody has the e-mail {given.email}.") from None


def _carry_out(unit: Unit, given: argparse.Namespace, by: str) -> str:
    match given.command:
        case "deactivate":
            ended = administration.deactivate(unit, given.email, by=by)
            return f"{given.email} is let in no more. Sessions ended: {ended}."
        case "activate":
            administration.activate(unit, given.email, by=by)
            return f"{given.email} is let in again."
        case "reset-second-factor":
            ended = administration.reset_second_factor(unit, given.email, by=by)
            return f"{given.email} signs in with the password alone. Sessions ended: {ended}."
    password = administration.add_staff(
        unit, email=given.email, name=given.name, role=Role(given.role), by=by
    )
    if password is None:
        raise SystemExit(f"{given.email} is taken. Nothing was changed.")
    return f"password {password}"


def main(arguments: list[str]) -> int:
    """Exit code 0 when done, 1 with one sentence when not."""
    return carry_out(_do, _parser().parse_args(arguments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
