"""Writes what a boot host needs so that servers start from the network: dnsmasq's configuration and what goes with it.

    python -m opsportal.boot_network --into /etc/opsportal-boot --tftp-root /srv/tftp [--interface eno2]
        [--network 10.20.0.0/16]

Into the directory come `dnsmasq.conf`, `boot.ipxe`, which belongs into the TFTP root beside undionly.kpxe and snponly.efi,
and, with BOOT_NETWORK_KEY, `tell-portal` and `tell-portal.json`, by which dnsmasq tells the portal of each address that
it gives. Run it again and restart dnsmasq whenever servers or addresses change.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from pathlib import Path

from opsportal.db import unit_of_work
from opsportal.domain.provisioning.boot_network import ASKING_SCRIPT, configuration, list_leases
from opsportal.integrations.boot_host import tell_portal
from opsportal.integrations.installers.ipxe import asking_script
from opsportal.settings import settings

TELLER = "tell-portal"
DOOR = "/boot/network"
_PLAIN = re.compile(r"[\w./:-]+")


def _plain(text: str) -> str:
    """A word that stays one line of the configuration."""
    if not _PLAIN.fullmatch(text):
        raise argparse.ArgumentTypeError("letters, digits and . / : - only")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m opsportal.boot_network",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--into", type=_plain, required=True, help="the directory to write to, the same path on the boot host"
    )
    parser.add_argument(
        "--tftp-root", type=_plain, required=True, help="where undionly.kpxe, snponly.efi and boot.ipxe are"
    )
    parser.add_argument("--interface", type=_plain, help="the only interface to answer on")
    parser.add_argument(
        "--network", type=_plain, action="append", default=[], help="of servers whose prefix is not on record"
    )
    return parser


def main(words: list[str]) -> list[Path]:
    """The files that were written. Ends the process with a sentence when BOOT_URL is not set."""
    given = _parser().parse_args(words)
    boot_url, key = settings().boot_url, settings().boot_network_key.get_secret_value()
    if not boot_url:
        raise SystemExit("BOOT_URL is not set: machines would not know where to ask.")
    into = Path(os.path.abspath(given.into))  # a link stays one: it is the path on the boot host
    into.mkdir(parents=True, exist_ok=True)
    with unit_of_work() as unit:
        leases = list_leases(unit, networks=given.network)
    text = configuration(
        leases,
        tftp_root=given.tftp_root,
        interface=given.interface or "",
        teller=str(into / TELLER) if key else "",
    )
    written = [_write(into / "dnsmasq.conf", text), _write(into / ASKING_SCRIPT, asking_script(boot_url))]
    if key:
        secret = json.dumps({"url": f"{boot_url}{DOOR}", "key": key})
        written.append(_write(into / f"{TELLER}.json", secret, mode=0o600))
        written.append(_write(into / TELLER, Path(tell_portal.__file__).read_text(), mode=0o755))
    return written


def _write(file: Path, text: str, *, mode: int = 0o644) -> Path:
    """Replaced as a whole, and never readable by more than it is for."""
    handle, fresh = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w") as output:
        output.write(text)
    Path(fresh).chmod(mode)
    Path(fresh).replace(file)
    return file


if __name__ == "__main__":
    sys.stdout.write("".join(f"{file}\n" for file in main(sys.argv[1:])))
