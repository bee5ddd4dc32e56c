"""A key's echo over SOL and the first picture of a screen: through the portal and its gateway, and without them.

Both ends are the same machines of the lab; each pair is measured in turns in the same run.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
from pathlib import Path

import bmc
from benchmarks import rows
from benchmarks.portal_database import portal_database
from opsportal.db import unit_of_work
from opsportal.domain.consoles import screens
from opsportal.domain.vault import unseal
from opsportal.models import Bmc, Role, Server
from stack.sockets import short_directory
from tests.builders import make_company
from tests.consoles import measuring
from tests.consoles.stage import Gateway, Stage
from tests.doors import world
from tests.doors.server import Browser
from tests.doors.server import Server as Portal
from tests.lab.labs import RunningLab

KEYS, ROUNDS, FRAMES = 40, 3, 5


def run() -> list[rows.Row]:
    """Medians, in ms."""
    sockets = tempfile.mkdtemp(prefix="consoles-", dir=short_directory())
    try:
        with tempfile.TemporaryDirectory() as name:
            address = f"unix:{sockets}/gateway.sock"
            with portal_database(
                CONSOLE_GATEWAY=address,
                PUBLIC_URL="http://127.0.0.1:8000",
                BMC_NETWORKS="127.0.0.0/8",
                DATA=name,
            ):
                return _measure(Path(name))
    finally:
        shutil.rmtree(sockets)


def _measure(directory: Path) -> list[rows.Row]:
    lab = RunningLab(directory / "lab", servers=4)
    lab.start()
    gateway = Gateway(environment=dict(os.environ), log=directory / "gateway")
    gateway.start()
    web = Portal(environment=dict(os.environ), log=directory / "web")
    try:
        web.wait_until_ready()
        stage = Stage(web, gateway, lab)
        return [*_echo(stage), *_frames(stage)]
    finally:
        web.stop()
        gateway.end()
        lab.end()


def _browser(stage: Stage) -> tuple[Browser, Server, str]:
    company = make_company()
    server, name = stage.take_machine(company)
    browser = Browser(stage.portal)
    browser.cookie = world.make_someone(Role.CLIENT, company=company).cookie
    return browser, server, name


def _endpoint(server: Server) -> bmc.Endpoint:
    with unit_of_work() as unit:
        row = unit.get_one(Bmc, server.id)
        return bmc.Endpoint(row.host, row.port, username=row.username, password=unseal(row.password))


def _echo(stage: Stage) -> list[rows.Row]:
    ours: list[float] = []
    direct: list[float] = []
    for _ in range(ROUNDS):
        browser, server, _name = _browser(stage)
        ours += asyncio.run(measuring.echo_through_gateway(browser, server.id or 0, keys=KEYS))
        direct += asyncio.run(measuring.echo_direct(_endpoint(server), keys=KEYS))
    return [
        _row("console_echo", ours, direct, "SOL in the gateway's own process, without portal and gateway")
    ]


def _frames(stage: Stage) -> list[rows.Row]:
    browser, server, name = _browser(stage)
    stage.screen_of(server, name)
    with unit_of_work() as unit:
        endpoint = screens.find_screen(unit, server.id or 0)
    assert endpoint is not None
    ours, direct = [], []
    for _ in range(FRAMES):
        ours.append(asyncio.run(measuring.first_frame_through_gateway(browser, server.id or 0)))
        direct.append(asyncio.run(measuring.first_frame_direct(endpoint)))
    return [
        _row("console_first_frame", ours, direct, "the VNC server itself; ours includes ticket and socket")
    ]


def _row(name: str, ours: list[float], direct: list[float], peer: str) -> rows.Row:
    return rows.less_is_better(
        name, statistics.median(ours) * 1_000, "ms", peer=peer, peer_value=statistics.median(direct) * 1_000
    )
