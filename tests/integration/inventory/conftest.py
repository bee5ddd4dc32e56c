"""Who works in the data centre."""

from __future__ import annotations

import pytest

from opsportal.domain.access import Actor
from opsportal.models import Role
from tests.builders import make_actor


@pytest.fixture
def marek() -> Actor:
    return make_actor(role=Role.TECHNICIAN)
