"""Switches and cables, from the machine itself: `python -m opsportal.switches_on_record COMMAND …`

    add NAME --site SITE --host ADDRESS [--user NAME --auth sha256 --priv aes128]
    connect SWITCH PORT SERVER
    disconnect SWITCH PORT

Communities and passwords are read from standard input, one a line, or asked for: never from the command line,
which every user of the machine can read.
"""

from __future__ import annotations

import argparse
import getpass
import sys

from sqlmodel import col, select

from opsportal.console_commands import NothingChanged, carry_out
from opsportal.db import Unit
from opsportal.domain.audit import trail
from opsportal.domain.inventory import cables, switch_records
from opsportal.domain.inventory.switch_records import SwitchRecord
from opsportal.domain.traffic import inventory
from opsportal.domain.traffic.snmp_access import AUTH_PROTOCOLS, PRIV_PROTOCOLS, SnmpAccess
from opsportal.models import Server, Switch, SwitchPort


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m opsportal.switches_on_record", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="put a switch on record; its ports are discovered by themselves")
    add.add_argument("name")
    add.add_argument("--site", required=True)
    add.add_argument("--host", required=True, help="its numeric address, inside SWITCH_NETWORKS")
    add.add_argument("--port", type=int, default=161)
    add.add_argument("--user", help="SNMPv3; without it v2c with a community")
    add.add_argument("--auth", choices=sorted(AUTH_PROTOCOLS))
    add.add_argument("--priv", choices=sorted(PRIV_PROTOCOLS))
    for command, what in (
        ("connect", "a server hangs on a port from now on"),
        ("disconnect", "it does no more"),
    ):
        cable = commands.add_parser(command, help=what)
        cable.add_argument("switch")
        cable.add_argument("port", help="the port's ifName, such as ge-0/0/7")
        if command == "connect":
            cable.add_argument("server")
    return parser


def _secret(what: str) -> str:
    given = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if not given:
        raise NothingChanged(f"The {what} is missing.")
    return given


def _add(unit: Unit, given: argparse.Namespace) -> Switch:
    if given.priv and not given.auth:
        raise NothingChanged("SNMPv3 has no privacy without authentication: give --auth, too.")
    access = SnmpAccess(
        community="" if given.user else _secret("community"),
        username=given.user or "",
        auth_protocol=given.auth or "",
        auth_password=_secret("authentication password") if given.auth else "",
        priv_protocol=given.priv or "",
        priv_password=_secret("privacy password") if given.priv else "",
    )
    new = SwitchRecord(given.name, given.site, given.host, given.port, access)
    return switch_records.put_on_record(unit, new)


def _port(unit: Unit, given: argparse.Namespace) -> SwitchPort:
    switch = unit.exec(select(Switch).where(col(Switch.name) == given.switch)).first()
    if switch is None:
        raise NothingChanged(f"There is no switch {given.switch}.")
    return inventory.find_or_add_port(unit, switch.id or 0, given.port)


def _do(unit: Unit, given: argparse.Namespace, by: str) -> str:
    """Carry out one command. Returns the sentence to print."""
    if given.command == "add":
        switch = _add(unit, given)
        trail.record(
            unit,
            "switch:added",
            actor=None,
            actor_name=by,
            object_kind="switch",
            object_id=switch.id,
            object_name=switch.name,
        )
        return f"{switch.name} is on record. Its ports are discovered with the next round of polling."
    port = _port(unit, given)
    assert port.id is not None
    if given.command == "disconnect":
        cables.pull_out(unit, port.id, actor=None, by=by)
        return f"{given.port} of {given.switch} serves nobody from now on."
    server = unit.exec(select(Server).where(col(Server.name) == given.server)).first()
    if server is None:
        raise NothingChanged(f"There is no server {given.server}.")
    cables.plug_in(unit, port.id, server, actor=None, by=by)
    return f"{given.server} hangs on {given.port} of {given.switch} from now on."


def main(arguments: list[str]) -> int:
    """Exit code 0 when done, 1 with one sentence when not."""
    return carry_out(_do, _parser().parse_args(arguments))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
