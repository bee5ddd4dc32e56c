"""What a machine and its BMC remember when the lab is killed: `DIR/machines/NAME.json`."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from lab.bmcs.faults import HEALTHY, Fault, FaultKind
from lab.bmcs.files import StateUnreadable, find_json, write_json
from lab.bmcs.users import User

JOURNAL_ENTRIES = 100


@dataclass
class BootOverride:
    """Boot flags (IPMI 2.0, table 28-14): `device` is data 2 bits 5:2, 0 for no override."""

    device: int = 0
    is_persistent: bool = False
    is_uefi: bool = False


@dataclass
class System:
    """What is on the disk. `base` is the address to which its first boot reports, empty once it has."""

    hostname: str = ""
    title: str = "Debian GNU/Linux 12"
    base: str = ""


@dataclass
class NetworkSystem:
    """A system that was loaded over the network and runs in memory: an installer, a rescue system.

    `step` counts what it has done, so that it goes on there when the lab was killed meanwhile. `scripts` is
    what it was given to run so far.
    """

    kernel: str
    arguments: str
    step: int = 0
    fetched: list[str] = field(default_factory=list)
    scripts: str = ""


class Way(StrEnum):
    """The way of the present boot."""

    LOCAL = "local"  # nobody was asked: from the device that the firmware chose
    NETWORK = "network"  # asks the boot service, or runs what came from it
    DISK = "disk"  # the boot service's answer was the disk, since `disk_at`


@dataclass(frozen=True)
class Entry:
    """One thing that was asked of a machine (`command`) or that really happened to it (`effect`)."""

    at: float
    kind: str
    what: str
    by: str


@dataclass
class Record:
    """Everything persistent of one machine. Times are seconds since the epoch, so that they outlive us.

    `due` holds the changes of power that are on their way: (time, "on" | "off" | "restart").
    """

    is_on: bool = True
    is_plugged: bool = True
    was_on: bool = True
    has_power_fault: bool = False
    last_event: int = 0
    boots: int = 1
    boot_device: str = "hd"
    booted_at: float = 0.0
    way: Way = Way.LOCAL
    disk_at: float = 0.0
    system: System = field(default_factory=System)
    loaded: NetworkSystem | None = None
    stopping_at: float | None = None
    is_rebooting: bool = False
    due: list[tuple[float, str]] = field(default_factory=list)
    override: BootOverride = field(default_factory=BootOverride)
    fault: Fault = HEALTHY
    journal: list[Entry] = field(default_factory=list)
    users: list[User] = field(default_factory=list)

    def note(self, entry: Entry) -> None:
        """Add `entry` to the journal; the oldest ones fall out."""
        self.journal = [*self.journal[-(JOURNAL_ENTRIES - 1) :], entry]


class Records:
    """The directory of records."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def find(self, name: str) -> Record | None:
        """The record of machine `name`, None for a new machine. Raises StateUnreadable on a damaged one."""
        row = find_json(self._directory / f"{name}.json")
        if row is None:
            return None
        try:
            return _parse(row)
        except (TypeError, KeyError, ValueError) as error:
            raise StateUnreadable(f"The record of {name} is from another version: {error!r}") from error

    def save(self, name: str, record: Record) -> None:
        """Write `record` atomically; a killed process leaves the old or the new one."""
        write_json(self._directory / f"{name}.json", asdict(record))


def _parse(row: dict[str, Any]) -> Record:
    fault = Fault(FaultKind(row["fault"]["kind"]), float(row["fault"]["seconds"]))
    due = [(float(at), str(action)) for at, action in row["due"]]
    journal = [Entry(**entry) for entry in row["journal"]]
    override = BootOverride(**row["override"])
    # A record of an earlier version knows nothing of network boots.
    system = System(**row.get("system", {}))
    loaded = NetworkSystem(**row["loaded"]) if row.get("loaded") else None
    way = Way(row.get("way", Way.LOCAL))
    known = {"fault": fault, "due": due, "journal": journal, "override": override, "way": way}
    users = [User(**user) for user in row.get("users", [])]
    return Record(**{**row, **known, "system": system, "loaded": loaded, "users": users})
