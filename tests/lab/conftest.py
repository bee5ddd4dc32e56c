"""One lab for all tests that only need a machine of their own, and fresh ones for those that kill it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.labs import RunningLab, Server


@pytest.fixture(scope="session")
def shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    lab = RunningLab(tmp_path_factory.mktemp("lab"), servers=80, newcomers=4)
    lab.start()
    yield lab
    assert lab.is_running, lab.log
    assert lab.end() == 0
    assert "Traceback" not in lab.log


@pytest.fixture
def server(shared_lab: RunningLab) -> Server:
    """A server that is on and waits for a login."""
    return shared_lab.take()


@pytest.fixture
def start_lab(tmp_path: Path) -> Iterator[Callable[..., RunningLab]]:
    """Starts labs that end with the test."""
    labs: list[RunningLab] = []

    def start(*, servers: int = 3, pace: float = 10.0, boot_url: str = "") -> RunningLab:
        lab = RunningLab(tmp_path / "lab", servers=servers, pace=pace, boot_url=boot_url)
        lab.start()
        labs.append(lab)
        return lab

    yield start
    for lab in labs:
        if lab.is_running:
            lab.end()
