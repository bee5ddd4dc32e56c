"""`python -m workers.consoles`: the console gateway of this installation."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from opsportal.logs import configure_logs
from opsportal.settings import settings
from workers.consoles.gateway import Gateway

log = structlog.get_logger("consoles")
CLAIM_S = 10.0


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """A second gateway would steal the first one's socket, and each would take SOL from the other."""
    kind, _, place = settings().console_gateway.partition(":")
    if kind != "unix":
        yield  # a TCP port can be had once
        return
    with Path(f"{place}.lock").open("w") as lock:
        until = time.monotonic() + CLAIM_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    sys.exit("another console gateway runs here")
                time.sleep(0.1)
        yield


async def _serve() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await Gateway().run(stop)


def main() -> None:
    configure_logs("consoles")
    if not settings().console_gateway:
        log.error("not_configured", missing="CONSOLE_GATEWAY")
        sys.exit(2)
    with _only_one():
        asyncio.run(_serve())


if __name__ == "__main__":
    main()
