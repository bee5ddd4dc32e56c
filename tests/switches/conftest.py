"""One snmpsim for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.switches import scenarios
from tests.switches.simulated import Simulator, running_simulator


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running_simulator(tmp_path_factory.mktemp("snmpsim") / "state", scenarios.MIBS) as running:
        yield running
