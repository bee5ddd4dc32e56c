"""How `make test` deals tests out to processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.ordering import FIRST_DIRECTORIES

ROOT = Path(__file__).resolve().parents[2]

GROUPED = """
import pytest

@pytest.mark.xdist_group("together")
@pytest.mark.parametrize("number", range(6))
def test_one(number):
    pass
"""


def test_a_group_runs_in_one_process(tmp_path: Path) -> None:
    """Not so with pytest 9.2 and xdist 3.8, silently: big fixtures are then set up in every process."""
    (tmp_path / "test_grouped.py").write_text(GROUPED)
    (tmp_path / "pytest.ini").touch()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-n",
        "2",
        "--dist",
        "loadgroup",
        "--no-loadscope-reorder",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert "6 passed" in run.stdout
    assert len(set(re.findall(r"^\[(gw\d)\] .*PASSED", run.stdout, re.MULTILINE))) == 1


def test_every_directory_of_tests_has_its_place() -> None:
    directories = {one.parent.name for one in (ROOT / "tests").glob("*/test_*.py")}
    assert directories - {"e2e"} <= set(FIRST_DIRECTORIES)
