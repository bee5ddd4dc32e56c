"""UEFI for the rack's machines: Debian's OVMF and its iPXE, unpacked and not installed.

A BIOS gets iPXE from its network card. OVMF would need a TFTP server that tells iPXE from firmware, as dnsmasq does in
a data centre and QEMU's own network does not: so iPXE lies on a medium that is there when the machine is told to start
from the network. From there on it is the same: iPXE asks for an address, and fetches the boot script.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.qemu import packages


def unpack(directory: Path, cache: Path) -> Path:
    """Firmware in `directory`, which is returned. Raises packages.PackageMissing."""
    ovmf = packages.unpack("ovmf", cache / "packages") / "usr/share/OVMF"
    ipxe = packages.unpack("ipxe", cache / "packages") / "boot/ipxe.efi"
    medium = directory / "ipxe" / "EFI" / "BOOT"
    medium.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ovmf / "OVMF_CODE_4M.fd", directory / "code.fd")
    shutil.copyfile(ovmf / "OVMF_VARS_4M.fd", directory / "vars.fd")
    shutil.copyfile(ipxe, medium / "BOOTX64.EFI")
    return directory
