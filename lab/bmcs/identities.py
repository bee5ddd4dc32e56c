"""Who the machines are: names, addresses, credentials, model. Made once, kept for ever."""

import random
import secrets
import socket
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lab.bmcs.boot_clients import HOST, usable
from lab.bmcs.files import StateUnreadable, find_json, write_json
from lab.bmcs.logs import log

# Below Linux's ephemeral range (32768 and up): no client socket takes a port of ours while nobody listens there.
BMC_PORTS = range(16000, 32000)
PORTS = range(12000, 16000)
"""For servers that listen some seconds after their port was chosen: no BMC takes it meanwhile."""
BEHIND_EVERY, BEHIND = 11, "0.98"
"""One machine of so many has an older firmware in its BMC."""
Model = tuple[str, str, int, int, str]  # name, processor, cores, GiB, disks
MODELS: tuple[Model, ...] = (
    ("Supermicro AS-1015A-MT", "AMD Ryzen 9 7950X 16-Core Processor", 16, 64, "2 x 1.92 TB NVMe"),
    ("Dell PowerEdge R650xs", "Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz", 32, 128, "2 x 960 GB SSD"),
    ("Supermicro AS-1114S-WN10RT", "AMD EPYC 7443P 24-Core Processor", 24, 128, "2 x 3.84 TB NVMe"),
    ("HPE ProLiant DL325 Gen10 Plus", "AMD EPYC 7302P 16-Core Processor", 16, 64, "4 x 480 GB SSD"),
    ("Supermicro SYS-530T-MTR", "Intel(R) Xeon(R) E-2388G CPU @ 3.20GHz", 8, 64, "8 x 18 TB HDD"),
)


@dataclass(frozen=True)
class Identity:
    """One server and its BMC, as `fleet.json` lists them. `ram_gb` counts GiB, `cores` physical cores.

    `boot_ip` is the address from which the machine speaks to the boot service. `parts` are those that its BMC can name,
    each with name, maker, model and serial number.
    """

    name: str
    host: str
    port: int
    username: str
    password: str
    mac: str
    bmc_mac: str
    uuid: str
    model: str
    cpu: str
    cores: int
    ram_gb: int
    disks: str
    boot_ip: str = HOST
    firmware: str = "1.00"
    """The BMC's own version."""
    parts: Sequence[Sequence[str]] = ()

    @property
    def disk_bytes(self) -> int:
        """How large each disk is, by `disks`: "2 x 960 GB SSD"."""
        _, _, size, unit, *_ = self.disks.split()
        return round(float(size) * (10**12 if unit == "TB" else 10**9))


class Roster:
    """All identities this directory ever had, in the order they were made (`DIR/identities.json`)."""

    def __init__(self, directory: Path, *, models: Sequence[Model] = MODELS) -> None:
        self._file = directory / "identities.json"
        self._models = models
        rows = find_json(self._file) or []
        try:
            known = [Identity(**row) for row in rows]
            self._identities = [replace(one, boot_ip=boot_ip(at)) for at, one in enumerate(known, 1)]
        except TypeError as error:
            raise StateUnreadable(
                f"{self._file} is from another version ({error}); remove the directory."
            ) from error

    def open(self, count: int) -> list[tuple[Identity, socket.socket]]:
        """The first `count` servers, each with its bound UDP socket; missing ones are made and remembered.

        A server keeps its port. If a stranger took it while the lab was down, that one BMC moves to a free
        port: its neighbours stay reachable, and `fleet.json` says where it went.
        """
        taken = {known.port for known in self._identities}
        endings = {_ending(known.mac) for known in self._identities}
        fresh = (port for port in _ports_from_anywhere() if port not in taken)
        opened: list[tuple[Identity, socket.socket]] = []
        for index in range(count):
            wire = self._bind_known(index) or _bind_first(fresh)
            port = int(wire.getsockname()[1])
            if index == len(self._identities):
                self._identities.append(_make_identity(index + 1, port, self._models, _station(endings)))
            elif self._identities[index].port != port:
                self._identities[index] = replace(self._identities[index], port=port)
                log("moved", level="warning", machine=self._identities[index].name, port=port)
            opened.append((self._identities[index], wire))
        write_json(self._file, [asdict(known) for known in self._identities], is_durable=True)
        return opened

    def _bind_known(self, index: int) -> socket.socket | None:
        return bind(self._identities[index].port) if index < len(self._identities) else None


def _make_identity(number: int, port: int, models: Sequence[Model], station: bytes) -> Identity:
    model, cpu, cores, ram_gb, disks = models[(number - 1) % len(models)]
    # 0x02 in the first byte of a MAC address: locally administered (IEEE 802), so no real card ever has it.
    is_behind = number % BEHIND_EVERY == 0
    return Identity(
        name=f"node-{number:03d}",
        host=HOST,
        port=port,
        username="opsportal",  # as machines are after intake; one from the factory is never released
        password=secrets.token_urlsafe(12),  # 16 characters: every cipher suite takes them (IPMI 2.0, 22.30)
        mac=mac_of(b"\x02\x00" + station),
        bmc_mac=mac_of(b"\x02\x01" + station),
        uuid=str(uuid.uuid4()),
        model=model,
        cpu=cpu,
        cores=cores,
        ram_gb=ram_gb,
        disks=disks,
        boot_ip=boot_ip(number),
        firmware=BEHIND if is_behind else "1.00",
    )


def boot_ip(number: int) -> str:
    """An address of the machine's own, where the system has more than one on loopback."""
    address = f"127.77.{number // 250}.{number % 250 + 1}"
    return address if usable(address) else HOST


def _station(endings: set[str]) -> bytes:
    """Four octets for a server's addresses. None of ours ends alike: serial numbers of its parts are made of the end."""
    while _ending(mac_of(station := secrets.token_bytes(4))) in endings:
        pass
    endings.add(_ending(mac_of(station)))
    return station


def _ending(mac: str) -> str:
    return mac[-len("00:00:00") :]


def mac_of(octets: bytes) -> str:
    return ":".join(f"{octet:02x}" for octet in octets)


def _ports_from_anywhere() -> Iterator[int]:
    """Every port once, from a random place on, so that two labs on one machine rarely meet."""
    start = random.randrange(len(BMC_PORTS))
    for offset in range(len(BMC_PORTS)):
        yield BMC_PORTS[(start + offset) % len(BMC_PORTS)]


def bind(port: int, host: str = HOST) -> socket.socket | None:
    """A UDP socket there, or None when it is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        return None
    bound.setblocking(False)
    return bound


def _bind_first(ports: Iterator[int]) -> socket.socket:
    for port in ports:
        if bound := bind(port):
            return bound
    where = f"between {BMC_PORTS.start} and {BMC_PORTS.stop} on {HOST}"
    raise OSError(f"No free UDP port {where}; start fewer servers.")
