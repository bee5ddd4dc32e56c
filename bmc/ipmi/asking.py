"""What every script of the child shares: ask one thing, check its completion code. Child processes only."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from bmc.ipmi import failures

# A command for the BMC: network function, command, data, and whether it may be sent again unanswered.
Command = tuple[int, int, tuple[int, ...], bool]
Asking = Generator[Command, Any, bytes]

CHASSIS, SENSOR, APPLICATION, STORAGE, GROUP = 0x00, 0x04, 0x06, 0x0A, 0x2C
_UNSUPPORTED = (0xC1, 0xC2)  # IPMI v2.0 table 5-2: invalid command; invalid for the given LUN
LARGEST_ANSWER = 255


class Refusal(Exception):
    """A script ends without a result; the argument is a code of `bmc.errors`."""


class Refused(Refusal):
    """The BMC answered with a completion code other than success. `completion`: that code."""

    def __init__(self, completion: int) -> None:
        super().__init__(
            "bmc_unsupported" if completion in _UNSUPPORTED else failures.completion_failure(completion)
        )
        self.completion = completion


def ask(netfn: int, command: int, *data: int, once: bool = False) -> Asking:
    """One question; its answer's data. Sent `once` where a second time would do harm. Raises Refused."""
    answer = yield netfn, command, data, not once
    completion = answer["code"]
    if completion:
        raise Refused(int(completion))
    content = bytes(answer["data"])
    if len(content) > LARGEST_ANSWER:
        raise Refusal("bmc_protocol_error")
    return content


def answer_of(length: int, netfn: int, command: int, *data: int) -> Asking:
    """As `ask`, for an answer of at least `length` bytes; a shorter one is BmcProtocolError."""
    content = yield from ask(netfn, command, *data)
    if len(content) < length:
        raise Refusal("bmc_protocol_error")
    return content


def word(data: bytes, at: int) -> int:
    """Two bytes, least significant first."""
    return data[at] | data[at + 1] << 8


def two(value: int) -> tuple[int, int]:
    """As two bytes, least significant first."""
    return value & 0xFF, value >> 8 & 0xFF
