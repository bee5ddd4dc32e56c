"""Ports of the lab's servers: chosen once, kept in the directory of state, changed when somebody else has them."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path

from stack.options import HOST

_PORTS = range(10_000, 12_000)
"""Below those that Linux gives to outgoing connections: none of them takes a port before its server listens. Nor do
the lab's servers, whose ports are above these."""
_DICE = random.SystemRandom()


def kept_port(data: Path, name: str) -> int:
    """The port of the server `name`: the one of the last start if it is still free, else another."""
    record = data / "ports.json"
    known: dict[str, int] = json.loads(record.read_text()) if record.exists() else {}
    if name not in known or not _is_free(known[name]):
        known[name] = _free_port(set(known.values()))
        fresh = record.with_suffix(".new")
        fresh.write_text(json.dumps(known))
        fresh.rename(record)
    return known[name]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _free_port(taken: set[int]) -> int:
    while True:
        port = _DICE.choice(_PORTS)
        if port not in taken and _is_free(port):
            return port
