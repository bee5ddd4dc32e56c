"""The portal as people meet it: the real demo, its production build, a real browser."""

import pytest

MARKS = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(1200)]
"""One after the other, and with time enough for the first to build the frontend, and to say what was missing."""
