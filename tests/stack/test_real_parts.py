"""`make demo MACHINES=qemu`: the stack builds what its servers boot, and runs the rack of real parts for them.

The portal finds in that rack what it needs: its demo data is filled in from it, and its sweep reads the power.
What a person does with such a rack is shown in a browser (tests/e2e/test_real_machine.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import demo_data
from lab.bmcs.client import read_fleet, read_screens
from lab.bmcs.files import write_json
from lab.qemu.images import CACHE, TOOLS, build
from lab.switch.cabling import cabling
from lab.switch.client import FILE as SWITCHES
from opsportal.db import unit_of_work
from opsportal.domain.consoles.screens import find_screen
from opsportal.domain.provisioning import systems
from opsportal.models import Role, SystemPurpose
from opsportal.settings import settings
from opsportal.state.fleet import FLEET
from opsportal.state.showing import StateView
from opsportal.state.views import FleetRowView
from stack.disposable import state_directory
from stack.installation import Installation
from stack.options import Options
from tests.builders import make_actor
from tests.lab.labs import ipmitool
from tests.stack.standin import PROGRAMS, ROOT, make_project, pretend_built, running_demo
from tests.stack.waiting import wait_until
from tests.tools import need_tool
from workers import power_sweep

pytestmark = pytest.mark.xdist_group("stack-demo")
PATIENCE_S = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Stand-ins for everything but the stack and the rack; what servers boot is built for all tests together."""
    made = make_project(tmp_path / "project")
    (made / "lab" / "bmcs.py").unlink()
    for name in ("bmcs", "qemu"):
        (made / "lab" / name).symlink_to(ROOT / "lab" / name)
    (made / "requirements-apt.txt").symlink_to(ROOT / "requirements-apt.txt")
    (made / "build").mkdir(exist_ok=True)
    (made / "build" / "qemu").symlink_to(CACHE)
    pretend_built(made)
    return made


@pytest.fixture
def data() -> Iterator[Path]:
    with state_directory() as directory:
        yield directory


def _fill_in(data: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m lab.demo_data` beside the rack, for a portal of the test's own; switches are only named."""
    for name in ("BOOT_FILES", "DATA", "DNS_SERVER", "DNS_ZONES", "MACHINES"):
        monkeypatch.setenv(name, environment[name])
    settings.cache_clear()
    switches = [{"community": one.community, "host": "127.0.0.1", "port": 161} for one in cabling(2)]
    (data / "switches").mkdir(exist_ok=True)
    write_json(data / "switches" / SWITCHES, switches)
    demo_data.main()


def _fleet() -> list[FleetRowView]:
    """The fleet, as an operator's browser gets it."""
    view: StateView = FLEET
    shown: Any = asyncio.run(view.load(make_actor(role=Role.OPERATOR), ("", "", "", 1)))
    return sorted(shown.rows, key=lambda row: row.id)


def _swept() -> list[tuple[str, str]]:
    """Power and what is wrong with it, after one more of the portal's sweeps: one answer may be lost."""
    power_sweep.run()
    return [(row.power, row.bmc_error_code) for row in _fleet()]


def _offered(server_id: int) -> tuple[list[str], set[SystemPurpose]]:
    actor = make_actor(role=Role.OPERATOR)
    with unit_of_work() as unit:
        installed = [one.system.code for one in systems.offered_systems(actor, unit, server_id)]
        return installed, set(systems.offered_boots(actor, unit, server_id))


def _the_portal_knows(data: Path, machines: list[dict[str, Any]]) -> None:
    """Both servers with their screens, and what can be started on them."""
    rows, screens = _fleet(), read_screens(data / "lab")
    assert [(row.model, row.bmc) for row in rows] == [(one["model"], one["host"]) for one in machines]
    for row, machine in zip(rows, machines, strict=True):
        with unit_of_work() as unit:
            screen = find_screen(unit, row.id)
        expected = screens[machine["name"]]
        assert screen is not None
        assert (screen.port, screen.password) == (expected["port"], expected["password"])
        assert _offered(row.id) == (
            ["debian-12-image"],
            {
                SystemPurpose.RESCUE,
                SystemPurpose.MEMORY_TEST,
                SystemPurpose.WIPE,
                SystemPurpose.LOAD_TEST,
            },
        )


def test_rack_of_real_parts_runs_beside_the_portal(
    project: Path, data: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for tool in ("ipmi_sim", "ipmitool", "qemu-system-x86_64", *TOOLS):
        need_tool(tool)
    images = build(CACHE)
    monkeypatch.setenv("MACHINES", "qemu")
    with running_demo(project, data) as running:
        lines = running.wait_until_announced()
        assert "· building what servers boot (the first time downloads 29 MB)" in lines
        built = (data / "log" / "lab.qemu.log").read_text().strip()
        assert Path(built).resolve() == images.directory.resolve()
        machines = read_fleet(data / "lab", timeout=PATIENCE_S)
        assert [machine["name"] for machine in machines] == ["node-001", "node-002"]
        for machine in machines:
            assert ipmitool(machine, "chassis", "power", "status") == "Chassis Power is off"
        installation = Installation.prepare(Options(data, running.port, 2, "qemu"))
        supervisor = installation.supervisor(data / "lock")
        wait_until(lambda: supervisor.states() == dict.fromkeys(PROGRAMS, "RUNNING"), timeout=PATIENCE_S)
        request.getfixturevalue("portal")  # not before: a demo inherits nothing of a test's portal
        _fill_in(data, installation.environment(), monkeypatch)
        _the_portal_knows(data, machines)
        assert {row.power for row in _fleet()} == {"unknown"}
        ipmitool(machines[0], "chassis", "power", "on")
        wait_until(
            lambda: ipmitool(machines[0], "chassis", "power", "status") == "Chassis Power is on",
            timeout=PATIENCE_S,
        )
        wait_until(lambda: _swept() == [("on", ""), ("off", "")], timeout=PATIENCE_S)
        assert running.end() == 0
        assert running.processes() == []
