"""The portal at work is described in tests/workers."""

from tests.bmc.ipmi_sim import start_bmc
from tests.workers.conftest import site

__all__ = ["site", "start_bmc"]
