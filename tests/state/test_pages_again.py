"""A page that failed once is opened again as any other."""

from __future__ import annotations

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from opsportal.models import Role
from opsportal.state import guard
from opsportal.state.dashboard import DashboardState
from opsportal.state.inventory.aisle import ScanState
from opsportal.state.views import ProblemView
from tests.builders import make_actor

pytestmark = pytest.mark.usefixtures("portal")


@pytest.mark.parametrize("state", [DashboardState, ScanState])
def test_what_went_wrong_does_not_stay_where_no_view_takes_it_back(
    state: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def shown(*_: Any) -> None:
        """Everything could be read."""

    monkeypatch.setattr(sys.modules[state.__module__], "show", shown)
    page = SimpleNamespace(problem=ProblemView(code="fault", error_id="0badcafe"))

    async def open_again() -> None:
        guard._actor.set(make_actor(role=Role.OPERATOR))
        await state.open.fn(page)

    asyncio.run(open_again())
    assert page.problem == ProblemView()
