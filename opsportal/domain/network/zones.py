"""Which zone of ours an address's reverse record is in (RFC 1035, 3.5; RFC 3596, 2.5)."""

from __future__ import annotations

from collections.abc import Iterable

from opsportal.models.network import Ip
from opsportal.settings import settings


def zone_of(ip: Ip, zones: Iterable[str] | None = None) -> str | None:
    """The closest of our reverse zones (DNS_ZONES) around an address; None when it is in none of them."""
    pointer = ip.reverse_pointer
    ours = settings().dns_zones if zones is None else zones
    return max((zone for zone in ours if pointer.endswith(f".{zone}")), key=len, default=None)
