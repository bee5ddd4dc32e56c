"""`make demo MACHINES=qemu`: the stack builds what its servers boot, and runs the rack of real parts for them.

What the portal does with such a rack is shown in a browser (tests/e2e/test_real_machine.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.bmcs.client import read_fleet
from lab.qemu.images import CACHE, TOOLS, build
from stack.disposable import state_directory
from stack.installation import Installation
from stack.options import Options
from tests.lab.labs import ipmitool
from tests.stack.standin import PROGRAMS, ROOT, make_project, pretend_built, running_demo
from tests.stack.waiting import wait_until
from tests.tools import need_tool

pytestmark = pytest.mark.xdist_group("stack-demo")
PATIENCE_S = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Stand-ins for everything but the stack and the rack; what servers boot is built for all tests together."""
    made = make_project(tmp_path / "project")
    (made / "lab" / "bmcs.py").unlink()
    for name in ("bmcs", "qemu"):
        (made / "lab" / name).symlink_to(ROOT / "lab" / name)
    (made / "build").mkdir(exist_ok=True)
    (made / "build" / "qemu").symlink_to(CACHE)
    pretend_built(made)
    return made


@pytest.fixture
def data() -> Iterator[Path]:
    with state_directory() as directory:
        yield directory


def test_rack_of_real_parts_runs_beside_the_portal(
    project: Path, data: Path, monkeypatch: pytest.MonkeyPatch
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
        supervisor = Installation.prepare(Options(data, running.port, 2, "qemu")).supervisor(data / "lock")
        wait_until(lambda: supervisor.states() == dict.fromkeys(PROGRAMS, "RUNNING"), timeout=PATIENCE_S)
        ipmitool(machines[0], "chassis", "power", "on")
        wait_until(
            lambda: ipmitool(machines[0], "chassis", "power", "status") == "Chassis Power is on",
            timeout=PATIENCE_S,
        )
        assert running.end() == 0
        assert running.processes() == []
