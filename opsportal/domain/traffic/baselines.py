"""The last counters of all ports of a switch in one value, so that a poll writes one row a switch."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from opsportal.domain.traffic.counters import Counters

_PORT = struct.Struct("<qqIQQq")
_NONE = -1


def pack_baseline(counters: Mapping[int, Counters]) -> bytes:
    """Port id → counters, 44 bytes a port."""
    packed = _PORT.pack
    return b"".join(
        packed(port, at, uptime, received, sent, _NONE if broken is None else broken)
        for port, (at, uptime, received, sent, broken) in counters.items()
    )


def first_in_baseline(stored: bytes) -> Counters | None:
    """The counters of some port of the switch: enough to see whether its clock ran on."""
    if not stored:
        return None
    _, at, uptime, received, sent, _ = _PORT.unpack_from(stored)
    return Counters(at, uptime, received, sent, None)


def unpack_baseline(stored: bytes) -> dict[int, Counters]:
    """The counters that were packed. Raises struct.error when the value was cut."""
    return {
        port: Counters(at, uptime, received, sent, None if broken == _NONE else broken)
        for port, at, uptime, received, sent, broken in _PORT.iter_unpack(stored)
    }
