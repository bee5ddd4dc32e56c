"""Switches with ports and servers behind them, as rows."""

from __future__ import annotations

import itertools
from typing import Any

from opsportal.db import unit_of_work
from opsportal.domain.traffic import inventory, links
from opsportal.domain.vault import seal
from opsportal.models import Server, ServerBlock, Switch, SwitchPort
from opsportal.models.base import utcnow

_numbers = itertools.count(1)


def make_switch(*, is_writable: bool = True, **changes: Any) -> Switch:
    """A switch on record; nobody listens at its address unless one is given."""
    known: dict[str, Any] = {
        "name": f"switch-{next(_numbers)}",
        "site": "Hall",
        "host": "127.0.0.1",
        "port": 9,
        "community": seal("public"),
        "write_community": seal("secret") if is_writable else None,
    }
    with unit_of_work() as unit:
        return inventory.add_switch(unit, Switch(**(known | changes)))


def make_port(server: Server | None = None, *, switch: Switch | None = None, **changes: Any) -> SwitchPort:
    """A port of a switch, with a cable to a server if one is given."""
    switch = switch or make_switch()
    number = next(_numbers)
    with unit_of_work() as unit:
        port = SwitchPort(
            **({"switch_id": switch.id, "if_name": f"port{number}", "if_index": number} | changes)
        )
        unit.add(port)
        unit.flush()
        if server is not None:
            links.connect_port(unit, port.id or 0, server.id or 0, at=utcnow())
    return port


def make_block(server: Server, port: SwitchPort, *, is_by_staff: bool = False) -> ServerBlock:
    """A block in force, as if its job had been carried out."""
    with unit_of_work() as unit:
        block = ServerBlock(
            server_id=server.id or 0,
            service_id=server.service_id,
            port_id=port.id or 0,
            reason="moving out",
            is_by_staff=is_by_staff,
            is_with_power=False,
            by_name="somebody",
            blocked_at=utcnow(),
        )
        unit.add(block)
    return block
