"""What a system that was loaded over the network does: installers, a rescue system, a wipe, a memory test.

It goes step by step. A step prints what the real one prints, fetches what the real one fetches, and reports what
the scripts that it was given tell it to report: they are read, not run.
"""

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from lab.bmcs.boot_clients import BootClient
from lab.bmcs.ipxe import FetchFailed
from lab.bmcs.records import NetworkSystem, System


class Then(StrEnum):
    """What comes after a step."""

    NEXT = "next"
    RESTART = "restart"
    STOP = "stop"
    STAY = "stay"


class GaveUp(Exception):
    """The installer found something wrong: `code` for the report, empty when it cannot report, and a sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Step:
    """`lines` come out over `seconds`; then `fetches` are fetched, `work` is done and `milestone` reported."""

    seconds: float
    lines: tuple[str, ...]
    fetches: tuple[str, ...] = ()
    milestone: str = ""
    work: "Callable[[Run], None] | None" = None
    then: Then = Then.NEXT


@dataclass
class Run:
    """One run of a network system on one machine."""

    client: BootClient
    loaded: NetworkSystem
    has_bad_image: bool = False
    disk_bytes: int = 960 * 10**9
    """How large each of the machine's disks is."""

    @property
    def base(self) -> str:
        """The address below which everything of this installation is."""
        return self.argument("opsportal.base") or self.loaded.kernel.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Which system it is, by the words on the kernel's command line."""
        arguments = f" {self.loaded.arguments} "
        for mark, kind in _MARKS:
            if mark in arguments:
                return f"raw-{self.argument('opsportal.mode') or 'install'}" if kind == "raw" else kind
        return "memtest"

    def argument(self, name: str) -> str:
        """A word `name=value` of the kernel's command line, or nothing."""
        found = re.search(rf"(?:^|\s){re.escape(name)}=(\S+)", self.loaded.arguments)
        return found[1] if found else ""

    def fetch(self, step: Step) -> None:
        """Get the scripts of `step` and keep what they say. Raises GaveUp."""
        for name in step.fetches:
            if name in self.loaded.fetched:
                continue
            try:
                text = self.client.get(f"{self.base}/{name}").decode("utf-8", "replace")
            except FetchFailed as failure:
                raise GaveUp("", f"cannot fetch {name}: {failure}") from failure
            self.loaded.fetched.append(name)
            self.loaded.scripts += text + "\n"

    def is_told_to_report(self, milestone: str) -> bool:
        """Whether one of the scripts reports `milestone`."""
        return re.search(rf"\breport {milestone}\b", self.loaded.scripts) is not None

    def verify_image(self) -> None:
        """Fetch the image and compare it with what was announced. Raises GaveUp."""
        try:
            image = self.client.get(f"{self.base}/image")
        except FetchFailed as failure:
            raise GaveUp("image_missing", "the image cannot be fetched") from failure
        if self.has_bad_image:
            image += b"?"
        if hashlib.sha256(image).hexdigest() != self.argument("opsportal.sha256"):
            raise GaveUp("checksum", "the image is not the one announced; the disk was not touched")

    def personalise(self) -> None:
        """Fetch what the finishing script fetches; what is not there is left alone, as by the script."""
        for name in dict.fromkeys(
            re.findall(r"\bfetch (shadow|authorized_keys|post_install)\b", self.loaded.scripts)
        ):
            try:
                self.client.get(f"{self.base}/{name}")
            except FetchFailed:
                continue

    def report_disks(self) -> None:
        """Each disk that the script names has erased itself: an SSD, which can."""
        named = re.search(r"^DISK_NAMES=(.*)$", self.loaded.scripts, re.MULTILINE)
        for number, name in enumerate(" ".join(shlex.split(named[1])).split() if named else ()):
            kind = "wwn" if name.startswith(("0x", "naa.", "eui.")) else "serial"
            about = {} if name.isdigit() else {kind: name}
            disk = {"device": f"sd{chr(ord('a') + number % 26)}", "outcome": "erased", "model": "SSD"}
            proof = {"size": self.disk_bytes, "seconds": 120, "verified": 16}
            told: dict[str, str | int] = {**disk, **about, **proof, "method": "ata_enhanced_erase"}
            self.client.report(f"{self.base}/report", "disk_wiped", disk=told)

    def installed(self) -> System:
        """The system that is on the disk now; it reports its first start if the finishing script made it so."""
        named = re.search(r"echo '?([\w.-]+)'? >\"\$TARGET/etc/hostname\"", self.loaded.scripts)
        reports = self.is_told_to_report("first_boot")
        return System(named[1] if named else "", TITLES[self.kind], self.base if reports else "")


_MARKS = (
    (" opsportal.base=", "raw"),
    ("/preseed.cfg ", "debian"),
    ("/ks.cfg ", "redhat"),
    (" ds=nocloud", "ubuntu"),
)
TITLES: Mapping[str, str] = {
    "raw-install": "Debian GNU/Linux 12",
    "debian": "Debian GNU/Linux 12",
    "ubuntu": "Ubuntu 24.04.3 LTS",
    "redhat": "AlmaLinux 9.6 (Sage Margay)",
}


def _written(what: str) -> tuple[str, ...]:
    return tuple(f"{what}: {percent:3d} %" for percent in range(10, 101, 10))


_KERNEL = (
    "Linux version 6.1.0-56-amd64 #1 SMP PREEMPT_DYNAMIC",
    "i40e 0000:41:00.0: NIC Link is Up, 10 Gbps Full Duplex",
    "nvme nvme0: 32/0/0 default/read/poll queues",
    "Run /init as init process",
)
_RESTART = Step(1.0, ("reboot: Restarting system",), then=Then.RESTART)
_FINISH = ("finish.sh",)


def _finish(seconds: float, *lines: str) -> Step:
    return Step(seconds, lines, _FINISH, "system_written", Run.personalise)


RAW_START = Step(
    3.0, (*_KERNEL, "installer: asking for an address (DHCP)"), ("install.sh",), "installer_started"
)
RAW_INSTALL = (
    RAW_START,
    Step(2.0, ("installer: fetching the image",), work=Run.verify_image),
    Step(1.5, ("installer: the image's checksum is right", " nvme0n1: p1 p2"), milestone="disk_prepared"),
    Step(7.0, _written("installer: written")),
    _finish(1.0, "EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode. Quota mode: none."),
    _RESTART,
)
DEBIAN = (
    Step(3.0, (*_KERNEL, "Detecting network hardware ... done", "Configuring the network with DHCP ... done"), ("preseed.cfg",)),
    Step(1.0, ("Loading additional components ... done",), ("started.sh",), "installer_started"),
    Step(2.0, ("Detecting disks and all other hardware ... done",), ("disks.sh",), "disk_prepared"),
    Step(2.0, ("Partitions formatting ... done", "Creating ext4 file system for / in partition #2 ... done")),
    Step(7.0, _written("Installing the base system")),
    _finish(2.0, "Select and install software ... done", "Installing GRUB boot loader ... done"),
    _RESTART,
)  # fmt: skip
REDHAT = (
    Step(3.0, (*_KERNEL, "Started Anaconda."), ("ks.cfg",), "installer_started"),
    Step(2.0, ("Running pre-installation scripts",), milestone="disk_prepared"),
    Step(1.5, ("Creating xfs on /dev/nvme0n1p3", "Preparing transaction from installation source")),
    Step(7.0, _written("Installing packages")),
    _finish(2.0, "Installing boot loader", "Running post-installation scripts"),
    _RESTART,
)
UBUNTU = (
    Step(3.0, (*_KERNEL, "cloud-init: datasource DataSourceNoCloudNet"), ("meta-data", "user-data", "vendor-data")),
    Step(1.0, ("subiquity: early commands",), ("started.sh",), "installer_started"),
    Step(2.0, ("curtin: partitioning nvme0n1",), milestone="disk_prepared"),
    Step(7.0, _written("curtin: extracting the system")),
    _finish(2.0, "subiquity: late commands"),
    _RESTART,
)  # fmt: skip
RESCUE = (
    RAW_START,
    Step(2.0, ("rescue: disks are left alone",), milestone="answers", work=Run.personalise),
    Step(
        0.5, ("rescue: secure shell and serial console are open", "", "Rescue system ttyS1"), then=Then.STAY
    ),
)
WIPE = (
    RAW_START,
    Step(6.0, _written("wipe: erased"), milestone="disk_prepared", work=Run.report_disks),
    Step(0.5, ("wipe: done", "reboot: Power down"), then=Then.STOP),
)
LOAD = (
    RAW_START,
    Step(6.0, _written("load:"), milestone="load_passed"),
    Step(0.5, ("load: passed",), then=Then.STAY),
)
MEMORY_TEST = (  # it knows nothing of us and reports nothing
    Step(10.0, tuple(f"memtest: pass 1, test {n} of 10, no errors" for n in range(1, 11))),
    Step(0.5, ("memtest: pass complete, no errors, press Esc to restart",), then=Then.STAY),
)
SYSTEMS: Mapping[str, tuple[Step, ...]] = {
    "raw-install": RAW_INSTALL,
    "raw-rescue": RESCUE,
    "raw-wipe": WIPE,
    "raw-load_test": LOAD,
    "debian": DEBIAN,
    "redhat": REDHAT,
    "ubuntu": UBUNTU,
    "memtest": MEMORY_TEST,
}
