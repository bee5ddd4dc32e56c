"""Ports for servers of tests that must know their port before they listen."""

from __future__ import annotations

import os
import random
import socket

_LANES = 8
_LANE = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _LANES
_PORTS = range(20_000 + _LANE, 32_000, _LANES)
"""Below those that Linux gives to outgoing connections (`ip_local_port_range`): none of them comes in between.

Of each process of the run others, and none that the demo or the lab gives to servers that listen later: a port that
one of them has just found free is taken by nobody else before its server is there."""
_OF_DEMOS = range(10_000 + _LANE, 12_000, _LANES)
"""Of those that demos choose from (stack/ports.py): here, too, each process of the run has others."""
_DICE = random.SystemRandom()
_GIVEN: set[int] = set()
"""Those that are spoken for: their servers may not listen yet when the next one is asked for."""


def ports_of_demo() -> dict[str, int]:
    """As a demo keeps them, of its servers: two that begin at the same moment could choose the same ones."""
    return {name: free_port(among=_OF_DEMOS) for name in ("smtp", "mail", "dns", "payments")}


def free_port(host: str = "127.0.0.1", *, among: range = _PORTS) -> int:
    """A port that nobody listens on, neither by TCP nor by UDP; another one each time."""
    for _ in range(200):
        port = _DICE.choice(among)
        if port in _GIVEN:
            continue
        if _is_free(host, port, socket.SOCK_STREAM) and _is_free(host, port, socket.SOCK_DGRAM):
            _GIVEN.add(port)
            return port
    raise AssertionError("no port is free")


def _is_free(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
