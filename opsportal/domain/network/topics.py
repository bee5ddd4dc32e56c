"""The names under which changes to networks are announced to open pages."""

from __future__ import annotations

PREFIXES = "prefixes"


def server(server_id: int) -> str:
    """Addresses of a server, and what reverse DNS says about them."""
    return f"server:{server_id}:network"
