"""Which of the lab's servers stands where, and on which switch port. The same at every start."""

from __future__ import annotations

from dataclasses import dataclass

PORTS = 48
SITES = {"Prague 1": "prg", "Vienna 2": "vie"}
SPEED_MBPS = 1_000
UPLINK = "xe-0/1/0"
UPLINK_MBPS = 10_000


def site_of(number: int) -> str:
    """Where the lab's server of this number stands."""
    return "Prague 1" if number % 3 else "Vienna 2"


@dataclass(frozen=True)
class Cable:
    """A server port of a switch, and the number of the server on it."""

    if_index: int
    if_name: str
    server: int


@dataclass(frozen=True)
class DemoSwitch:
    """A switch at the top of a row of racks. `community` is its name for SNMP, too."""

    name: str
    site: str
    community: str
    cables: tuple[Cable, ...]


def cabling(servers: int) -> list[DemoSwitch]:
    """All switches of a lab with so many servers, 48 servers a switch, each site with its own."""
    switches = []
    for site, short in SITES.items():
        numbers = [number for number in range(servers) if site_of(number) == site]
        for row in range(0, len(numbers), PORTS):
            name = f"{short}-sw-{row // PORTS + 1:02d}"
            # Indexes as switches have them: neither small nor without holes.
            cables = tuple(
                Cable(513 + 3 * place, f"ge-0/0/{place}", number)
                for place, number in enumerate(numbers[row : row + PORTS])
            )
            switches.append(DemoSwitch(name, site, f"{name}-demo", cables))
    return switches
