"""The portal as people meet it: the real demo, its production build, a real browser.

Two portals, each with the browser of a process of its own, so that they run beside each other: machines (what is
pressed at a server and in the hall, and what is killed), and people (every page, languages, roles, money, tickets).
"""

from __future__ import annotations

import pytest


def _marks(group: str) -> list[pytest.MarkDecorator]:
    """One after the other, and with time enough for the first to build the frontend, and to say what was missing."""
    return [pytest.mark.e2e, pytest.mark.xdist_group(group), pytest.mark.timeout(1200)]


MACHINES = _marks("e2e-machines")
PEOPLE = _marks("e2e-people")
