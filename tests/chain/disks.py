"""A disk whose only system says on the serial line that it was started, and stops."""

from __future__ import annotations

from pathlib import Path

STARTED = "THE-DISK-WAS-STARTED"
_TEXT = STARTED.encode() + b"\r\n\0"
# lodsb; test al, al; jz end; mov dx, 0x3f8; out dx, al; jmp; end: hlt; jmp end
_SAY = bytes.fromhex("ac84c07406baf803eeebf5f4ebfd")


def bios_disk(file: Path) -> Path:
    """A disk with nothing but a boot sector, which a BIOS puts at 0x7c00."""
    code = bytes.fromhex("fafc31c08ed8be407c") + _SAY  # cli; cld; xor ax, ax; mov ds, ax; mov si, 0x7c40
    sector = (code.ljust(0x40, b"\0") + _TEXT).ljust(510, b"\0") + b"\x55\xaa"
    file.write_bytes(sector + bytes((1 << 20) - len(sector)))
    return file
