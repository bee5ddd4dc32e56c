"""A disk whose only system says on the serial line that it was started, and stops."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from tests.tools import need_tool

STARTED = "THE-DISK-WAS-STARTED"
_TEXT = STARTED.encode() + b"\r\n\0"
# lodsb; test al, al; jz end; mov dx, 0x3f8; out dx, al; jmp; end: hlt; jmp end
_SAY = bytes.fromhex("ac84c07406baf803eeebf5f4ebfd")
# cli; cld; lea rsi, [what follows]; then the same with 64 bits
_SAY_64 = bytes.fromhex("fafc488d350f000000ac84c0740766baf803eeebf4f4ebfd")
_PAGE, _SECTOR = 0x1000, 0x200


def bios_disk(file: Path) -> Path:
    """A disk with nothing but a boot sector, which a BIOS puts at 0x7c00."""
    code = bytes.fromhex("fafc31c08ed8be407c") + _SAY  # cli; cld; xor ax, ax; mov ds, ax; mov si, 0x7c40
    sector = (code.ljust(0x40, b"\0") + _TEXT).ljust(510, b"\0") + b"\x55\xaa"
    file.write_bytes(sector + bytes((1 << 20) - len(sector)))
    return file


def uefi_disk(file: Path) -> Path:
    """A disk with one FAT file system, and in it what firmware starts from a disk that nobody told it of."""
    program = file.with_suffix(".efi")
    program.write_bytes(_uefi_program(_SAY_64 + _TEXT))
    mformat, mmd, mcopy = (need_tool(name) for name in ("mformat", "mmd", "mcopy"))
    for command in (
        [mformat, "-C", "-i", str(file), "-T", "8192", "-h", "16", "-s", "32", "::"],
        [mmd, "-i", str(file), "::/EFI", "::/EFI/BOOT"],
        [mcopy, "-i", str(file), str(program), "::/EFI/BOOT/BOOTX64.EFI"],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return file


def _uefi_program(code: bytes) -> bytes:
    """PE32+ for x86-64 with one section, subsystem 10: an EFI application (Microsoft PE format, sections 3 and 4)."""
    mz = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    coff = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 0xF0, 0x22)
    sizes = struct.pack("<HBBIIIII", 0x20B, 0, 0, _SECTOR, 0, 0, _PAGE, _PAGE)
    image = struct.pack("<QII6HIIIIHH", 0, _PAGE, _SECTOR, *[0] * 6, 0, 2 * _PAGE, _SECTOR, 0, 10, 0)
    rest = struct.pack("<4QII128x", *[0] * 4, 0, 16)
    section = struct.pack("<8sIIII12xI", b".text", _SECTOR, _PAGE, _SECTOR, _SECTOR, 0x60000020)
    return (mz + coff + sizes + image + rest + section).ljust(_SECTOR, b"\0") + code.ljust(_SECTOR, b"\0")
