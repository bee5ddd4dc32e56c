"""Machines that have just come from the factory: racked, cabled, off, and on nobody's record.

Their BMCs listen beside each other in a small network of this lab's own, as a new rack's do, so that a search of that
range finds them. All of them know the factory's user.
"""

import ipaddress
import random
import secrets
import socket
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from lab.bmcs.boot_clients import HOST, usable
from lab.bmcs.client import NEWCOMERS
from lab.bmcs.files import StateUnreadable, find_json, write_json
from lab.bmcs.identities import BMC_PORTS, Identity, bind, boot_ip, mac_of
from lab.bmcs.logs import log

PORT = 6230
"""Below 1024, where BMCs really listen, not everybody may."""
FACTORY_USER = FACTORY_PASSWORD = "ADMIN"
MODEL = "Supermicro AS-1115HS-TNR"
DIMMS, DISKS = 4, 2
FIRST_NUMBER = 1_000
"""No server of a fleet has such a number: their addresses in the boot network are others."""
_RANGE, _PLACES = ipaddress.ip_network("127.128.0.0/9"), (3, 4, 7, 9, 10, 12)
_BLOCK = 16
_TRIES = 100


def open_newcomers(directory: Path, count: int) -> list[tuple[Identity, socket.socket]]:
    """The newcomers of a lab, each with its bound UDP socket; missing ones are made and remembered.

    Raises OSError when there is no room for them, and StateUnreadable.
    """
    file = directory / NEWCOMERS
    try:
        known = [Identity(**row) for row in find_json(file) or []]
    except TypeError as error:
        raise StateUnreadable(f"{file} is from another version ({error}); remove the directory.") from error
    all_of_them = known + [_make(number) for number in range(len(known) + 1, count + 1)]
    placed = all_of_them if len(known) == len(all_of_them) else _elsewhere(all_of_them)
    for _ in range(_TRIES):
        if wires := _bind_all(placed):
            write_json(file, [asdict(one) for one in placed], is_durable=True)
            return list(zip(placed, wires, strict=True))
        log("newcomers-moved", level="warning", host=placed[0].host)
        placed = _elsewhere(placed)
    raise OSError("No network of loopback has room for the newcomers' BMCs; start none.")


def _make(number: int) -> Identity:
    station = secrets.token_bytes(4)
    mac = mac_of(b"\x02\x02" + station)
    return Identity(
        name=f"new-{number:03d}",
        host=HOST,
        port=PORT,
        username=FACTORY_USER,
        password=FACTORY_PASSWORD,
        mac=mac,
        bmc_mac=mac_of(b"\x02\x03" + station),
        uuid=str(uuid.UUID(fields=(secrets.randbits(32), 0, 0x1000, 0x80, 0, int(mac.replace(":", ""), 16)))),
        model=MODEL,
        cpu="AMD EPYC 9354P 32-Core Processor",
        cores=32,
        ram_gb=32 * DIMMS,
        disks=f"{DISKS} x 3.84 TB NVMe",
        boot_ip=boot_ip(FIRST_NUMBER + number),
        parts=_parts(mac, number),
    )


def _parts(mac: str, number: int) -> list[list[str]]:
    """What was put in at the factory; into every second machine a memory module too few."""
    mark = mac.replace(":", "")[-6:].upper()
    dimms = DIMMS - 1 if number % 2 == 0 else DIMMS
    return [
        ["CPU 1", "AMD", "EPYC 9354P", f"CP{mark}"],
        *(["DIMM " + place, "Samsung", "DDR5 32 GB", f"DM{mark}{place}"] for place in "ABCD"[:dimms]),
        *([f"Disk {bay}", "Micron", "7450 3.84 TB", f"DK{mark}{bay}"] for bay in range(DISKS)),
    ]


def _elsewhere(identities: Sequence[Identity]) -> list[Identity]:
    """The same machines with their BMCs in another network, where the system has more than one on loopback."""
    block = int(_RANGE[0]) + _BLOCK * random.randrange(_RANGE.num_addresses // _BLOCK)
    if usable(str(ipaddress.ip_address(block + _PLACES[0]))):
        hosts = [str(ipaddress.ip_address(block + place)) for place in _PLACES]
        return [replace(one, host=host, port=PORT) for one, host in zip(identities, hosts, strict=False)]
    first = random.choice(BMC_PORTS[: -len(_PLACES)])
    return [replace(one, host=HOST, port=first + number) for number, one in enumerate(identities)]


def _bind_all(identities: Sequence[Identity]) -> list[socket.socket]:
    """A socket for each, or none at all."""
    wires: list[socket.socket] = []
    for one in identities:
        wire = bind(one.port, one.host)
        if wire is None:
            for other in wires:
                other.close()
            return []
        wires.append(wire)
    return wires
