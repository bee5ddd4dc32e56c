"""`python -m lab.dns --state DIRECTORY --port N`: run the lab's name server until told to stop.

Its key and zones are the portal's own settings (DNS_TSIG_*, DNS_ZONES); it keeps its pointers in the directory.
"""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

import dns.name
import dns.tsig

from lab.bmcs.files import StateUnreadable, find_json, write_json
from lab.dns.server import NameServer, serve
from lab.dns.zones import Zones
from lab.network_demo import FORWARD_ZONES, HOSTS
from opsportal.settings import settings

FILE = "pointers.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.dns", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    state: Path = options.state.resolve()
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    zones = Zones([*settings().dns_zones, *FORWARD_ZONES], HOSTS)
    try:
        zones.restore(find_json(state / FILE) or {})
    except StateUnreadable:
        print(f"{state / FILE} cannot be read: beginning without pointers")
    name, secret = settings().dns_tsig_name, settings().dns_tsig_key.get_secret_value()
    key = dns.tsig.Key(dns.name.from_text(name), secret, settings().dns_tsig_algorithm)
    told = threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: told.set())
    doors = serve(NameServer(zones, key, lambda: write_json(state / FILE, zones.pointers())), options.port)
    told.wait()
    for door in doors:
        door.shutdown()


if __name__ == "__main__":
    main()
