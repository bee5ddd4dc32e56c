"""Serial over LAN of one session (IPMI 2.0, chapter 15), without waiting.

pyghmi's own `ServerConsole` blocks in a nested wait loop until each packet is acknowledged, which stops all
other BMCs of the process meanwhile.
"""

import asyncio
from collections.abc import Callable

from lab.bmcs.machines import Machine
from lab.bmcs.sessions import LabSession

SOL = 1  # payload type, IPMI 2.0, table 13-16
PACKET_BYTES = 200
REPLAY_CHARACTERS = 2000
RETRY_SECONDS = 0.5
MOST_TRIES = 8
NACK, BREAK = 0x40, 0x10


class SolChannel:
    """Sends what `machine` prints to `session`, one packet in flight, and types what comes back.

    `on_lost` is called once when the client stops acknowledging.
    """

    def __init__(
        self,
        session: LabSession,
        machine: Machine,
        *,
        loop: asyncio.AbstractEventLoop,
        on_lost: Callable[[], None],
    ) -> None:
        self.session = session
        self._machine = machine
        self._loop = loop
        self._on_lost = on_lost
        # A viewer who comes late sees the end of what was printed, from the start of a line.
        self._cursor = machine.console.written
        self._waiting = machine.console.since(self._cursor - REPLAY_CHARACTERS).partition("\n")[2].encode()
        self._in_flight = b""
        self._sequence = 0
        self._heard = 0
        self._tries = 0
        self._retry: asyncio.TimerHandle | None = None
        # The answer to Activate Payload goes first: output before it would be lost.
        self._wake: asyncio.Handle | None = loop.call_later(0.05, self._pump)
        self._unwatch = machine.watch(self._soon)
        session.sol_handler = self._receive

    def close(self) -> None:
        """Stop sending. Safe to call twice."""
        self._unwatch()
        self.session.sol_handler = None
        for timer in (self._retry, self._wake):
            if timer:
                timer.cancel()
        self._retry = self._wake = None

    def _soon(self) -> None:
        if self._wake:
            self._wake.cancel()
        self._wake = self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._machine.settle()
        console = self._machine.console
        self._waiting += console.since(self._cursor).encode()
        self._cursor = console.written
        self._send_next()
        if self._wake:
            self._wake.cancel()
        self._wake = None
        if (at := self._machine.next_at) is not None:
            self._wake = self._loop.call_later(self._machine.seconds_until(at), self._pump)

    def _send_next(self) -> None:
        if self._in_flight or not self._waiting:
            return
        self._in_flight, self._waiting = self._waiting[:PACKET_BYTES], self._waiting[PACKET_BYTES:]
        self._sequence = self._sequence % 15 + 1  # 1 to 15, 0 means no data
        self._tries = 0
        self._transmit()

    def _transmit(self) -> None:
        self._tries += 1
        if self._tries > MOST_TRIES:
            self.close()
            self._on_lost()
            return
        self.session.send_payload(bytearray([self._sequence, 0, 0, 0]) + self._in_flight, SOL, retry=False)
        self._retry = self._loop.call_later(RETRY_SECONDS, self._transmit)

    def _receive(self, payload: bytearray) -> None:
        sequence, acknowledged, count, status = (*(b & 0xF for b in payload[:2]), payload[2], payload[3])
        if acknowledged == self._sequence and self._in_flight:
            self._acknowledged(count if status & NACK else len(self._in_flight))
        if not sequence:
            return
        text = bytes(payload[4:])
        self.session.send_payload(bytearray([0, sequence, len(text), 0]), SOL, retry=False)
        if sequence != self._heard:  # the same number again is a repetition of what was typed already
            self._heard = sequence
            self._machine.type(text.decode("utf-8", "replace"))

    def _acknowledged(self, count: int) -> None:
        if self._retry:
            self._retry.cancel()
        self._waiting = self._in_flight[count:] + self._waiting
        self._in_flight = b""
        self._send_next()
