"""The names under which changes to traffic are announced to open pages."""

from __future__ import annotations

POLLERS = "pollers"
TERMS = "traffic:terms"
"""What plans include, and what follows beyond it."""


def server(server_id: int) -> str:
    return f"server:{server_id}:traffic"


def company(company_id: int) -> str:
    """Some server of this company has a newer sample: for its tile of today's traffic."""
    return f"company:{company_id}:traffic"


def port(port_id: int) -> str:
    return f"port:{port_id}:traffic"
