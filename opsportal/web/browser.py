"""What the gate learned about the other side, in a form that later code may keep."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from opsportal.settings import settings

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser: where it is and, if it sent one, its session cookie."""

    ip: str
    user_agent: str
    origin: str
    cookie: str = field(repr=False)

    @property
    def caller(self) -> str:
        """What limits count as one caller: an IPv4 address, or the /64 that any IPv6 host has all to itself."""
        try:
            address = ipaddress.ip_address(self.ip)
        except ValueError:
            return self.ip
        if isinstance(address, ipaddress.IPv4Address):
            return str(address)
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"


def cookie_name() -> str:
    """`__Host-` makes browsers insist on HTTPS, path / and this very host (RFC 6265bis 4.1.3.2)."""
    return "__Host-portal" if settings().is_https else "portal"


def first(headers: Headers, name: bytes) -> str:
    """The first header of this name as text, or an empty string."""
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def joined(headers: Headers, name: bytes, separator: str) -> str:
    """All headers of this name as one: HTTP/2 may split cookies, proxies add lines (RFC 9110 section 5.3)."""
    return separator.join(value.decode("latin-1") for key, value in headers if key == name)


def _cookie(header: str, name: str) -> str:
    for part in header.split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value[:200]
    return ""


def client_ip(scope: Mapping[str, Any]) -> str:
    """The peer's address, or the one that the configured number of trusted proxies vouches for."""
    peer = str((scope.get("client") or ("", 0))[0])
    hops = settings().trusted_proxy_hops
    if hops:
        forwarded = [part.strip() for part in joined(scope["headers"], b"x-forwarded-for", ",").split(",")]
        if len(forwarded) >= hops:
            return _address(forwarded[-hops]) or peer
    return peer


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def look_at(scope: Mapping[str, Any]) -> Browser:
    """Read what matters from an ASGI scope."""
    headers = scope["headers"]
    return Browser(
        ip=client_ip(scope),
        user_agent=first(headers, b"user-agent")[:200],
        origin=first(headers, b"origin"),
        cookie=_cookie(joined(headers, b"cookie", ";"), cookie_name()),
    )
