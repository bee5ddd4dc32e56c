"""What a system that was loaded over the network does: an installer, a rescue system, a memory test, a wipe.

It goes step by step; a step prints what the real one prints, may fetch and report, and says how the boot goes on.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

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
    """The installer found something wrong: `code` for the report, a sentence for the console."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Step:
    """`lines` are printed over `seconds`, then `milestone` is reported, after `work` was done if there is any."""

    seconds: float
    lines: tuple[str, ...]
    milestone: str = ""
    work: "Callable[[Run], None] | None" = None
    then: Then = Then.NEXT


@dataclass
class Run:
    """One run of a network system on one machine; `own` is what it was told about this installation alone."""

    client: BootClient
    loaded: NetworkSystem
    has_bad_image: bool = False

    @property
    def base(self) -> str:
        """The address below which everything of this installation is."""
        given = self.argument("opsportal.base")
        return given or self.loaded.kernel.rpartition("/")[0]

    @property
    def origin(self) -> str:
        parts = urlsplit(self.loaded.kernel)
        return f"{parts.scheme}://{parts.netloc}"

    def argument(self, name: str) -> str:
        """A word `name=value` of the kernel's command line, or nothing."""
        found = re.search(rf"(?:^|\s){re.escape(name)}=(\S+)", self.loaded.arguments)
        return found[1] if found else ""

    def text(self, name: str) -> str:
        """A file of this installation, empty when there is none."""
        try:
            return self.client.get(f"{self.base}/{name}").decode("utf-8", "replace").strip()
        except FetchFailed:
            return ""

    def verify_image(self) -> None:
        """Fetch the image and compare it with what was announced. Raises GaveUp."""
        announced = self.argument("opsportal.sha256")
        try:
            image = self.client.get(f"{self.base}/image")
        except FetchFailed as failure:
            raise GaveUp("image_missing", "the image cannot be fetched") from failure
        if self.has_bad_image:
            image += b"?"
        if hashlib.sha256(image).hexdigest() != announced:
            raise GaveUp("checksum", "the image is not the one announced; the disk was not touched")

    def installed(self) -> System:
        """The system that is on the disk now."""
        return System(
            self.text("hostname"), self.argument("opsportal.title").replace("_", " ") or TITLE, self.base
        )


TITLE = "Debian GNU/Linux 12"

_START = (
    "Linux version 6.1.0-56-cloud-amd64 (installer)",
    "Command line: console=ttyS1,115200n8",
    "i40e 0000:41:00.0: NIC Link is Up, 10 Gbps Full Duplex",
    "installer: asking for an address (DHCP)",
)

INSTALL = (
    Step(3.0, _START, "installer_started"),
    Step(2.0, ("installer: fetching the image",), work=Run.verify_image),
    Step(
        2.5,
        (
            "installer: the image's checksum is right",
            "nvme nvme0: 32/0/0 default/read/poll queues",
            " nvme0n1: p1 p2",
            "installer: disk /dev/nvme0n1 is ready",
        ),
        "disk_prepared",
    ),
    Step(
        8.0,
        (
            "installer: writing the system",
            *(f"installer: {percent:3d} % written" for percent in range(10, 101, 10)),
            "EXT4-fs (nvme0n1p2): mounted filesystem with ordered data mode. Quota mode: none.",
            "installer: host name, keys and password are set",
        ),
        "system_written",
    ),
    Step(1.0, ("installer: restarting from the disk", "reboot: Restarting system"), then=Then.RESTART),
)
RESCUE = (
    Step(3.0, _START, "installer_started"),
    Step(
        3.0, ("rescue: disks are left alone", "rescue: secure shell and serial console are open"), "answers"
    ),
    Step(0.5, ("", "Rescue system ttyS1", ""), then=Then.STAY),
)
MEMORY_TEST = (  # it knows nothing of us and reports nothing
    Step(10.0, tuple(f"memtest: pass 1, test {n} of 10, no errors" for n in range(1, 11))),
    Step(0.5, ("memtest: pass complete, no errors, press Esc to restart",), then=Then.STAY),
)
WIPE = (
    Step(3.0, _START, "installer_started"),
    Step(6.0, tuple(f"wipe: {percent:3d} % erased" for percent in range(20, 101, 20)), "disk_prepared"),
    Step(0.5, ("wipe: done", "reboot: Power down"), then=Then.STOP),
)
PURPOSES: Mapping[str, tuple[Step, ...]] = {
    "": INSTALL,
    "install": INSTALL,
    "rescue": RESCUE,
    "memory_test": MEMORY_TEST,
    "wipe": WIPE,
}
