"""Values as the MIB promises them, or `SwitchBadAnswer`."""

from __future__ import annotations

from gufo.snmp import ValueType

from switches.errors import SwitchBadAnswer

NAME_LENGTH = 255  # DisplayString (SIZE (0..255))


def number(value: ValueType, bits: int = 32) -> int:
    """An unsigned integer of at most so many bits. Nothing is converted: a text that looks like one is none."""
    if type(value) is not int or not 0 <= value < 1 << bits:
        raise SwitchBadAnswer
    return value


def name(value: ValueType) -> str:
    """A port's name: short, printable, not empty."""
    if not isinstance(value, bytes | str) or len(value) > NAME_LENGTH:
        raise SwitchBadAnswer
    text = (value.decode("utf-8", "replace") if isinstance(value, bytes) else value).strip("\0 ")
    if not text.isprintable():
        raise SwitchBadAnswer
    return text
