"""Where servers' screens are, from the machine itself: `python -m opsportal.screens_on_record COMMAND …`

    put SERVER --host ADDRESS [--port 5901]
    remove SERVER

The VNC password is read from standard input, or asked for: never from the command line, which every user of the
machine can read. An empty one stands for a screen that asks for none.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from sqlmodel import col, select

from opsportal.console_commands import NothingChanged, carry_out
from opsportal.db import Unit
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.domain.inventory import screen_records
from opsportal.domain.inventory.bmc_records import checked_host
from opsportal.models import Server


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m opsportal.screens_on_record", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    put = commands.add_parser("put", help="the screen opens in the browser from now on")
    put.add_argument("server")
    put.add_argument("--host", required=True, help="numeric address of its VNC server, inside BMC_NETWORKS")
    put.add_argument("--port", type=int, default=5901)
    remove = commands.add_parser("remove", help="there is no screen any more")
    remove.add_argument("server")
    return parser


def _endpoint(given: argparse.Namespace) -> ScreenEndpoint:
    host = checked_host(given.host, given.port)
    is_asked = sys.stdin.isatty()
    password = getpass.getpass("VNC password: ") if is_asked else sys.stdin.readline().rstrip("\n")
    return ScreenEndpoint(host, given.port, password)


def _do(unit: Unit, given: argparse.Namespace, by: str) -> str:
    """Carry out one command. Returns the sentence to print."""
    server = unit.exec(select(Server).where(col(Server.name) == given.server)).first()
    if server is None or server.id is None:
        raise NothingChanged(f"There is no server {given.server}.")
    about: dict[str, Any] = {"actor": None, "server_name": server.name, "by": by}
    if given.command == "put":
        screen_records.put(unit, server.id, _endpoint(given), **about)
        return f"The screen of {server.name} opens in the browser from now on."
    if not screen_records.forget(unit, server.id, **about):
        raise NothingChanged(f"{server.name} has no screen on record.")
    return f"{server.name} has no screen on record any more."


def main(arguments: list[str]) -> int:
    """Exit code 0 when done, 1 with one sentence when not."""
    return carry_out(_do, _parser().parse_args(arguments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
