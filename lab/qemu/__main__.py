"""`python -m lab.qemu`: build what machines boot, run the rack, look at it, break it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lab.bmcs.client import LabRefusal, LabUnreachable, ask
from lab.bmcs.files import StateUnreadable
from lab.bmcs.serving import DirectoryInUse
from lab.qemu.images import CACHE, ToolMissing, build
from lab.qemu.packages import PackageMissing
from lab.qemu.rack import ProgramMissing, serve
from lab.qemu.virtual_machines import PLAIN, Hardware

HOURS = 8.0
GB = 1_000_000_000


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 1 with one sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except (
        *(LabRefusal, LabUnreachable, DirectoryInUse, StateUnreadable),
        *(ToolMissing, PackageMissing, ProgramMissing, OSError),
    ) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    if options.command == "build":
        print(build(options.cache).directory)
    elif options.command == "serve":
        serve(
            options.state.resolve(),
            servers=options.servers,
            boot_url=options.boot_url,
            longest_s=options.hours * 3600,
            mac=options.mac,
            hardware=Hardware(
                options.accel,
                options.memory,
                options.disks,
                options.disk_gb * GB,
                options.firmware and options.firmware.resolve(),
            ),
            with_parent=options.with_parent,
        )
    elif options.command == "status":
        for machine in ask(options.state, "list"):
            print(f"{machine['name']:10} 127.0.0.1:{machine['port']:<7} {machine['power']}")
    elif options.command == "console":
        print("\n".join(ask(options.state, "show", name=options.name, lines=options.lines)["console"]))
    else:
        fields = {key: getattr(options, key) for key in ("kind", "button") if key in options}
        ask(options.state, options.command, name=options.name, **fields)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.qemu", description=__doc__)
    state = argparse.ArgumentParser(add_help=False)
    default = Path(os.environ.get("DATA", ".data")) / "lab"
    state.add_argument("--state", type=Path, default=default, help=f"state directory (default {default})")
    named = argparse.ArgumentParser(add_help=False, parents=[state])
    named.add_argument("name", help="machine, as in node-001")
    commands = parser.add_subparsers(dest="command", required=True)

    building = commands.add_parser("build", help="kernel, installer and disk image, once")
    building.add_argument("--cache", type=Path, default=CACHE)
    serving = commands.add_parser("serve", parents=[state], help="run until told to stop")
    serving.add_argument("--servers", type=int, choices=range(1, 33), default=2, metavar="1..32")
    serving.add_argument("--boot-url", default="", help="the boot service, as in http://127.0.0.1:8000")
    serving.add_argument("--mac", default="", help="of the one server, in the place of another")
    serving.add_argument("--hours", type=float, default=HOURS, help="the longest that a machine stays on")
    serving.add_argument("--accel", choices=["tcg", "kvm"], default=PLAIN.accelerator)
    serving.add_argument("--memory", type=int, default=PLAIN.memory_mb, metavar="MB", help="of each machine")
    serving.add_argument("--disks", type=int, choices=range(1, 9), default=PLAIN.disks, metavar="1..8")
    serving.add_argument("--disk-gb", type=int, default=PLAIN.disk_bytes // GB, help="of each disk")
    serving.add_argument("--firmware", type=Path, help="a directory of `lab.qemu.firmware`: UEFI, not a BIOS")
    serving.add_argument("--with-parent", action="store_true", help="end when the starting process is gone")
    commands.add_parser("status", parents=[state], help="every machine, one a line")
    console = commands.add_parser("console", parents=[named], help="the last lines of its serial console")
    console.add_argument("--lines", type=int, default=40)
    fault = commands.add_parser("fault", parents=[named], help="break it")
    fault.add_argument("kind", choices=["no-dhcp", "slow-disk"])
    commands.add_parser("clear", parents=[named], help="mend it; counts from the next start on")
    commands.add_parser("unplug", parents=[named], help="pull the plug of the machine")
    commands.add_parser("plug", parents=[named], help="put it back")
    press = commands.add_parser("press", parents=[named], help="a button on its front")
    press.add_argument("button", choices=["on", "off", "soft", "reset"])
    return parser


if __name__ == "__main__":
    sys.exit(main())
