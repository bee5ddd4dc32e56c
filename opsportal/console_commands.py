"""How a command at the machine's own console ends: one transaction, one sentence, one exit code."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable

from sqlalchemy.exc import OperationalError

from opsportal.db import Unit, unit_of_work
from opsportal.domain.refusals import Refusal


class NothingChanged(Exception):
    """One sentence about what is wrong."""


def carry_out(do: Callable[[Unit, argparse.Namespace, str], str], given: argparse.Namespace) -> int:
    """Print what `do` says it has done, once it is committed. `do` gets the name that goes into the audit trail.

    Exit code 0 when done, 1 with one sentence when not.
    """
    try:
        with unit_of_work() as unit:
            said = do(unit, given, f"{getpass.getuser()} (console)")
    except NothingChanged as reason:
        print(f"{reason} Nothing was changed.", file=sys.stderr)
        return 1
    except Refusal as refusal:
        print(refusal.msgid.format(**refusal.params), file=sys.stderr)
        return 1
    except OperationalError:
        print("The database does not answer. Nothing was changed. Is DATABASE_URL set?", file=sys.stderr)
        return 1
    print(said)
    return 0
