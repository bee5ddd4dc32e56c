"""A portal whose boot service has files, and one server to reinstall."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsportal.settings import settings
from tests.integration.provisioning.rack import BASE_URL, Place, make_files, running_place


@pytest.fixture
def place(portal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """One server that can be reinstalled."""
    make_files(tmp_path / "boot")
    monkeypatch.setenv("BOOT_URL", BASE_URL)
    monkeypatch.setenv("BOOT_FILES", str(tmp_path / "boot"))
    monkeypatch.setenv("BOOT_NETWORK_KEY", "k" * 40)
    settings.cache_clear()
    with running_place() as one:
        yield one
