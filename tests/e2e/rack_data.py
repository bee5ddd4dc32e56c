"""Puts a machine of a rack in the place of a server on record, and back: run by `racks`, JSON in, JSON out."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit, unit_of_work
from opsportal.domain.consoles.screens import ScreenEndpoint, put_screen
from opsportal.domain.vault import seal
from opsportal.models import Bmc, OperatingSystem, Power, Server, ServerScreen
from opsportal.settings import settings
from tests.chain.portals import SYSTEM, make_system

SERVER_FIELDS = ("model", "power")
BMC_FIELDS = ("host", "port", "username")


def put(told: dict[str, Any]) -> dict[str, Any]:
    """Make the server that machine; what there was before, and the system that fits."""
    machine, screen = told["machine"], told["screen"]
    with unit_of_work() as unit:
        before = _state(unit, told["server"])
        known = {
            **{name: machine[name] for name in ("model", *BMC_FIELDS)},
            "power": Power.OFF,
        }
        _apply(unit, before["id"], known, password=seal(machine["password"]))
        put_screen(unit, before["id"], ScreenEndpoint(screen["host"], screen["port"], screen["password"]))
    with unit_of_work() as unit:
        is_there = unit.exec(select(OperatingSystem).where(col(OperatingSystem.name) == SYSTEM)).first()
    if is_there is None:
        make_system(settings().boot_files, Path(told["images"]), models=["QEMU"])
    return before | {"system": SYSTEM}


def restore(told: dict[str, Any]) -> dict[str, Any]:
    """Make the server what it was."""
    before = told["restore"]
    with unit_of_work() as unit:
        _apply(unit, before["id"], before, password=base64.b64decode(before["password"]))
        screen = unit.get(ServerScreen, before["id"])
        if screen is not None and before["screen"] is not None:
            screen.endpoint = base64.b64decode(before["screen"])
    return {}


def _state(unit: Unit, name: str) -> dict[str, Any]:
    server = unit.exec(select(Server).where(col(Server.name) == name)).one()
    row, screen = unit.get_one(Bmc, server.id), unit.get(ServerScreen, server.id)
    return {
        "id": server.id,
        **{name: getattr(server, name) for name in SERVER_FIELDS},
        **{name: getattr(row, name) for name in BMC_FIELDS},
        "password": base64.b64encode(row.password).decode(),
        "screen": base64.b64encode(screen.endpoint).decode() if screen else None,
    }


def _apply(unit: Unit, server_id: int, known: dict[str, Any], *, password: bytes) -> None:
    server, row = unit.get_one(Server, server_id), unit.get_one(Bmc, server_id)
    for name in SERVER_FIELDS:
        setattr(server, name, known[name])
    for name in BMC_FIELDS:
        setattr(row, name, known[name])
    row.password = password


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(restore(request) if "restore" in request else put(request)))
