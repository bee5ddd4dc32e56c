"""Finding BMCs that nobody has written down: knocking at addresses, without credentials, changing nothing."""

from bmc.discovery.finding import Door, Found, knock

__all__ = ["Door", "Found", "knock"]
