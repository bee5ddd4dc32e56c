"""Type/length coded texts of SDR and FRU records (IPMI v2.0 section 43.15, FRU v1.0 section 13)."""

from __future__ import annotations

from bmc.texts import clean_text

_BCD = "0123456789 -.:,_"


def coded_text(kind: int, data: bytes) -> str:
    """The text behind the two type bits: 0 binary, 1 BCD plus, 2 six-bit ASCII, 3 eight-bit."""
    if kind == 0:
        return data.hex()[:32] if any(data) else ""
    if kind == 1:
        return clean_text("".join(_BCD[nibble] for byte in data for nibble in (byte >> 4, byte & 0x0F)))
    if kind == 2:
        return clean_text(_six_bit(data))
    return clean_text(data)


def _six_bit(data: bytes) -> str:
    bits = int.from_bytes(data, "little")
    return "".join(chr(0x20 + (bits >> 6 * at & 0x3F)) for at in range(len(data) * 8 // 6))
