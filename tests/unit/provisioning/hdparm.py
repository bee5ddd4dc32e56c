"""A stand-in for hdparm(8), for disks that are files: beside each lies FILE.ata, what the disk is like, as JSON.

Written after the manual page of hdparm 9.65 and ATA ACS-3 section 4.18, because no emulator here has the security
feature set. Keys: enhanced, frozen, enabled, locked, password, minutes, hidden (a host protected area), overlaid (by device
configuration), mute (says nothing of a protected area that it has), refuses (every
erasure fails), lies (it succeeds and does nothing), dies (the power fails in the middle, once).
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

IDENTITY = """
{device}:

ATA device, with non-removable media
\tModel Number:       {model}
\tSerial Number:      {serial}
\tFirmware Revision:  1.0
Commands/features:
\tEnabled\tSupported:
\t   *\tSMART feature set
\t   *\tHost Protected Area feature set
\t    \tSecurity Mode feature set
"""
SECURITY = """Security: 
\tMaster password revision code = 65534
\t\tsupported
\t{enabled}\tenabled
\t{locked}\tlocked
\t{frozen}\tfrozen
\tnot\texpired: security count
\t{enhanced}\tsupported: enhanced erase
\t{minutes}min for SECURITY ERASE UNIT. {minutes}min for ENHANCED SECURITY ERASE UNIT.
Logical Unit WWN Device Identifier: 5000c500a1b2c3d4
"""


class Disk:
    def __init__(self, device: str) -> None:
        self.path = Path(device)
        self.beside = Path(f"{device}.ata")
        if not self.beside.exists():
            refuse("SG_IO: bad/missing sense data")  # no ATA disk
        self.about: dict[str, Any] = json.loads(self.beside.read_text())

    def keep(self, **changes: Any) -> None:
        self.about |= changes
        self.beside.write_text(json.dumps(self.about))

    def identify(self) -> None:
        flags = {
            word: "" if self.about.get(word) else "not"
            for word in ("enabled", "locked", "frozen", "enhanced")
        }
        print(IDENTITY.format(device=self.path, model='ST1000 <b>"x', serial=self.about.get("serial", "")))
        if self.about.get("supported", True):
            print(SECURITY.format(minutes=self.about.get("minutes", 2), **flags))

    def open_by(self, password: str) -> None:
        if self.about.get("frozen") or password != self.about.get("password"):
            refuse("SG_IO: bad/missing sense data")

    def erase(self, filler: bytes) -> None:
        size = self.path.stat().st_size
        if self.about.pop("dies", False):
            with self.path.open("r+b") as disk:
                disk.write(filler * (size // 2))
            self.keep(enabled=True, locked=True)
            os.killpg(0, signal.SIGKILL)  # the whole machine
        if self.about.get("refuses"):
            refuse("SECURITY_ERASE: Input/output error")
        if not self.about.get("lies"):
            with self.path.open("r+b") as disk:
                disk.write(filler * size)
        self.keep(enabled=False, locked=False, password=None)


def refuse(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    raise SystemExit(5)


def main() -> None:
    words = sys.argv[1:]
    disk = Disk(words[-1])
    with Path(os.environ["HDPARM_LOG"]).open("a") as log:
        log.write(" ".join(words[:-1]) + "\n")
    match words[:-1]:
        case ["-I"]:
            disk.identify()
        case ["-N"]:
            if disk.about.get("mute"):
                refuse("SG_IO: bad/missing sense data")
            most = disk.path.stat().st_size // 512
            is_hidden = disk.about.get("hidden")
            shown = most - 2048 if is_hidden else most
            print(f" max sectors   = {shown}/{most}, HPA is {'enabled' if is_hidden else 'disabled'}")
        case ["--dco-identify"]:
            real = disk.path.stat().st_size // 512 + (2048 if disk.about.get("overlaid") else 0)
            print(f"DCO Revision: 0x0002\n\tReal max sectors: {real}")
        case ["--user-master", "u", "--security-set-pass", password]:
            if disk.about.get("frozen") or disk.about.get("locked"):
                refuse("SECURITY_SET_PASS: Input/output error")
            disk.keep(enabled=True, password=password)
        case ["--user-master", "u", "--security-unlock", password]:
            disk.open_by(password)
            disk.keep(locked=False)
        case ["--user-master", "u", "--security-disable", password]:
            disk.open_by(password)
            disk.keep(enabled=False, locked=False, password=None)
        case ["--user-master", "u", "--security-erase", password]:
            disk.open_by(password)
            disk.erase(b"\0")
        case ["--user-master", "u", "--security-erase-enhanced", password]:
            disk.open_by(password)
            disk.erase(b"\xa5")
        case _:
            refuse("hdparm: bad arguments")


if __name__ == "__main__":
    main()
