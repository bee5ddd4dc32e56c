"""`python -m lab.bmcs`: run the data centre, look at it, break it."""

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import Any

from lab.bmcs.client import LabRefusal, LabUnreachable, ask, read_newcomers
from lab.bmcs.faults import FaultKind

MOST_NEWCOMERS = 6
BUTTONS = ("on", "off", "soft", "reset")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 1 with one sentence on stderr."""
    options = _parser().parse_args(arguments)
    if options.command != "serve":
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `status | head` ends quietly
    try:
        if options.command == "serve":
            _serve(options)
        elif options.command == "stickers":
            _stickers(options.state)
        elif options.command == "status":
            _status(ask(options.state, "list"))
        elif options.command == "console":
            print("\n".join(ask(options.state, "show", name=options.name, lines=options.lines)["console"]))
        else:
            fields = {key: getattr(options, key) for key in ("kind", "seconds", "button") if key in options}
            _status([ask(options.state, options.command, name=options.name, **fields)])
    except (LabRefusal, LabUnreachable) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace) -> None:
    # Only the server loads pyghmi; looking at the lab starts at once.
    from lab.bmcs.files import StateUnreadable
    from lab.bmcs.fleet import serve
    from lab.bmcs.serving import DirectoryInUse

    try:
        serve(
            options.state.resolve(),
            servers=options.servers,
            newcomers=options.newcomers,
            pace=options.pace,
            boot_url=options.boot_url,
            with_parent=options.with_parent,
        )
    except (DirectoryInUse, StateUnreadable, OSError) as error:
        raise LabUnreachable(str(error)) from error


def _stickers(directory: Path) -> None:
    """What is to read on machines that have just come, as a person types it into a form."""
    for one in read_newcomers(directory):
        print(
            f"{one['name']}  BMC {one['host']}:{one['port']}  user {one['username']}  "
            f"password {one['password']}  MAC {one['mac']}  {one['model']}"
        )


def _status(machines: list[dict[str, Any]]) -> None:
    print(f"{'NAME':10} {'BMC':17} {'POWER':6} {'STAGE':9} {'FAULT':10} {'LOGINS':>7} {'REFUSED':>8}")
    for machine in machines:
        power = machine["power"] if machine["is_plugged"] else "no AC"
        print(
            f"{machine['name']:10} 127.0.0.1:{machine['port']:<7} {power:6} {machine['stage']:9} "
            f"{machine['fault']:10} {machine['logins']:>7} {machine['refused_logins']:>8}"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.bmcs", description=__doc__)
    state = argparse.ArgumentParser(add_help=False)
    default = Path(os.environ.get("DATA", ".data")) / "lab"
    state.add_argument("--state", type=Path, default=default, help=f"state directory (default {default})")
    named = argparse.ArgumentParser(add_help=False, parents=[state])
    named.add_argument("name", help="machine, as in node-001")
    commands = parser.add_subparsers(dest="command", required=True)

    serving = commands.add_parser("serve", parents=[state], help="run until told to stop")
    serving.add_argument("--servers", type=_servers, default=24)
    serving.add_argument("--newcomers", type=int, choices=range(MOST_NEWCOMERS + 1), default=0)
    serving.add_argument("--pace", type=_pace, default=1.0, help="2 makes machines twice as fast")
    serving.add_argument("--boot-url", default="", help="the boot service, as in http://127.0.0.1:8000")
    serving.add_argument("--with-parent", action="store_true", help="end when the starting process is gone")
    commands.add_parser("status", parents=[state], help="every machine, one a line")
    commands.add_parser("stickers", parents=[state], help="what is to read on machines that have just come")
    console = commands.add_parser("console", parents=[named], help="the last lines of its serial console")
    console.add_argument("--lines", type=int, default=40)
    fault = commands.add_parser("fault", parents=[named], help="break a BMC or its machine")
    fault.add_argument("kind", choices=[kind for kind in FaultKind if kind is not FaultKind.NONE])
    fault.add_argument("--seconds", type=float, default=None, help="for slow")
    commands.add_parser("clear", parents=[named], help="mend it")
    commands.add_parser("unplug", parents=[named], help="pull the plug of the machine")
    commands.add_parser("plug", parents=[named], help="put it back")
    press = commands.add_parser("press", parents=[named], help="a button on its front")
    press.add_argument("button", choices=BUTTONS)
    return parser


def _servers(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 900:  # a file descriptor each, and 1024 is the usual limit
        raise argparse.ArgumentTypeError("1 to 900 servers")
    return count


def _pace(text: str) -> float:
    pace = float(text)
    if not 0.01 <= pace <= 1000:
        raise argparse.ArgumentTypeError("0.01 to 1000")
    return pace


if __name__ == "__main__":
    sys.exit(main())
