"""Writes what dnsmasq needs so that servers start from the network.

    python -m opsportal.boot_network --tftp-root /srv/tftp [--interface eno2] [--network 10.20.0.0/16] > dnsmasq.conf
    dnsmasq --conf-file=dnsmasq.conf

Run it again and restart dnsmasq whenever servers or addresses change.
"""

from __future__ import annotations

import argparse
import re
import sys

from opsportal.db import unit_of_work
from opsportal.domain.provisioning.boot_network import configuration, list_leases
from opsportal.settings import settings

_PLAIN = re.compile(r"[\w./:-]+")


def _plain(text: str) -> str:
    """A word that stays one line of the configuration."""
    if not _PLAIN.fullmatch(text):
        raise argparse.ArgumentTypeError("letters, digits and . / : - only")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m opsportal.boot_network", description=__doc__)
    parser.add_argument(
        "--tftp-root", type=_plain, required=True, help="where undionly.kpxe and ipxe.efi are"
    )
    parser.add_argument("--interface", type=_plain, default="", help="the only interface to answer on")
    parser.add_argument(
        "--network", type=_plain, action="append", default=[], help="of servers whose prefix is not on record"
    )
    return parser


def main(words: list[str]) -> str:
    """The configuration as text. Ends the process with a sentence when BOOT_URL is not set."""
    given = _parser().parse_args(words)
    if not settings().boot_url:
        raise SystemExit("BOOT_URL is not set: machines would not know where to ask.")
    with unit_of_work() as unit:
        leases = list_leases(unit, networks=given.network)
    return configuration(
        leases, boot_url=settings().boot_url, tftp_root=given.tftp_root, interface=given.interface
    )


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
