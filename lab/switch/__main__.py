"""`python -m lab.switch --state DIRECTORY --servers N`: run the switches of the lab until told to stop."""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
from pathlib import Path

from lab.bmcs.files import StateUnreadable, find_json, write_json
from lab.switch.cabling import cabling
from lab.switch.client import FILE
from lab.switch.records import records


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.switch", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--servers", type=int, default=24)
    options = parser.parse_args()
    serve(options.state.resolve(), options.servers)


def serve(state: Path, servers: int) -> None:
    """Write down where the switches are, on the port of last time if it is free, and answer."""
    from lab.switch.responder import HOST, free_port, respond

    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        before = find_json(state / FILE) or [{}]
    except StateUnreadable:
        before = [{}]
    port = free_port(before[0].get("port"))
    shutil.rmtree(state / "data", ignore_errors=True)
    (state / "data").mkdir()
    now = dt.datetime.now(dt.UTC)
    switches = cabling(servers)
    for switch in switches:
        (state / "data" / f"{switch.community}.snmprec").write_text(records(switch, now))
    write_json(
        state / FILE,
        [
            {"name": one.name, "site": one.site, "host": HOST, "port": port, "community": one.community}
            for one in switches
        ],
    )
    respond(state, port)


if __name__ == "__main__":
    main()
