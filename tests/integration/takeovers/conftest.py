"""A case for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bmc.memory import MemoryBmc, plugged_in
from opsportal.models import Role
from tests.builders import make_actor
from tests.integration.takeovers.cases import Case
from tests.workers.site import rent_server


@pytest.fixture
def case() -> Iterator[Case]:
    machine = MemoryBmc()
    with plugged_in("127.9.3.1", machine) as endpoint:
        tess, ivo = make_actor(role=Role.TECHNICIAN), make_actor(role=Role.OPERATOR)
        yield Case(machine, rent_server(endpoint), tess, ivo)
