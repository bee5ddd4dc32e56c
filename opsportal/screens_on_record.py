"""Where servers' screens are, from the machine itself: `python -m opsportal.screens_on_record COMMAND …`

    put SERVER --host ADDRESS [--port 5901]
    remove SERVER

The VNC password is read from standard input, or asked for: never from the command line, which every user of the
machine can read. An empty one stands for a screen that asks for none.
"""

from __future__ import annotations

import argparse
import getpass
import ipaddress
import sys

from sqlmodel import col, select

from opsportal.console_commands import NothingChanged, carry_out
from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.consoles import screens, topics
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.models import Server
from opsportal.settings import settings


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
    try:
        host = ipaddress.ip_address(given.host)
    except ValueError:
        raise NothingChanged(f"{given.host} is no numeric address.") from None
    if not any(host in network for network in settings().bmc_networks):
        raise NothingChanged(f"{host} is outside BMC_NETWORKS.")
    if not 0 < given.port < 65_536:
        raise NothingChanged(f"{given.port} is no port.")
    is_asked = sys.stdin.isatty()
    password = getpass.getpass("VNC password: ") if is_asked else sys.stdin.readline().rstrip("\n")
    return ScreenEndpoint(str(host), given.port, password)


def _do(unit: Unit, given: argparse.Namespace, by: str) -> str:
    """Carry out one command. Returns the sentence to print."""
    server = unit.exec(select(Server).where(col(Server.name) == given.server)).first()
    if server is None or server.id is None:
        raise NothingChanged(f"There is no server {given.server}.")
    if given.command == "put":
        screens.put_screen(unit, server.id, _endpoint(given))
        said = f"The screen of {server.name} opens in the browser from now on."
    elif screens.remove_screen(unit, server.id):
        said = f"{server.name} has no screen on record any more."
    else:
        raise NothingChanged(f"{server.name} has no screen on record.")
    trail.record(
        unit, f"console:screen_{given.command}", actor=None, actor_name=by, object_kind="server",
        object_id=server.id, object_name=server.name,
    )  # fmt: skip
    unit.changed(topics.console(server.id))
    return said


def main(arguments: list[str]) -> int:
    """Exit code 0 when done, 1 with one sentence when not."""
    return carry_out(_do, _parser().parse_args(arguments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
