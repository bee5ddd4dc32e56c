"""The one place where the switch's words become the server's: what the switch got *in*, the server sent *out*."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def from_port(port_in: T, port_out: T) -> tuple[T, T]:
    """A port's in and out (ifHCInOctets, ifHCOutOctets) as the server's (in, out): received, sent."""
    return port_out, port_in
