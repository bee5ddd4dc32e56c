"""Serial over LAN (IPMI v2.0 chapter 15): one serial port, both ways, without ever waiting. Child processes only.

pyghmi's own `Console` waits inside itself for each acknowledgement, one call deeper for each packet of a
long paste, and proposes cipher suites that the endpoint does not name. Its sessions are fine, so this
is SOL on top of `bmc.ipmi.sessions`.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Generator
from typing import Any

from bmc.ipmi import failures, sessions

_OPERATOR = 3
_APPLICATION = 0x06
_SET_PRIVILEGE, _ACTIVATE, _DEACTIVATE, _INSTANCE = 0x3B, 0x48, 0x49, 0x4B
_SOL = 1  # payload type and first instance, tables 13-16 and 24-2
_ENCRYPTED_AND_SIGNED = 0xC0
_ALREADY_ACTIVE, _DISABLED, _NO_MORE, _NO_ENCRYPTION = 0x80, 0x81, 0x82, 0x83  # section 24.1
_NACK, _NO_DATA_NOW, _DEACTIVATED = 0x40, 0x20, 0x10  # table 15-2, byte 4 from the BMC
_HEADER = 4
_LARGEST = 200
_OPEN_S = 20.0
_RETRY_S = 0.6
_MOST_TRIES = 8
_PROBE_S = 20.0  # a session that says nothing for 60 s is closed (section 6.12.15)

_ACTIVATION_FAILURES = {
    _ALREADY_ACTIVE: "bmc_busy",
    _DISABLED: "sol_disabled",
    _NO_MORE: "bmc_busy",
    _NO_ENCRYPTION: "sol_disabled",
}
Command = tuple[int, tuple[int, ...]]
Script = Generator[Command, Any, None]


class _Failed(Exception):
    """The argument is a code."""


class SerialPort:
    """Opens the serial port behind one BMC; `heard` gets what it says, `failed` a code, once, at the end.

    pyghmi's callbacks only leave their message in `_inbox`: it forgets a request that is sent from inside
    the callback of the one before. `turn` does the rest, and is called after every wait.
    """

    def __init__(
        self,
        credentials: tuple[str, int, str, str, int],
        *,
        opened: Callable[[], None],
        heard: Callable[[bytes], None],
        failed: Callable[[str], None],
    ) -> None:
        self._opened, self._heard, self._failed = opened, heard, failed
        self._inbox: deque[Any] = deque()
        self._script: Script | None = None
        self._typed = bytearray()
        self._in_flight = b""
        self._sequence = 0
        self._tries = 0
        self._retry_at = 0.0
        self._last_heard = (0, 0)
        self._most = _LARGEST
        self._open_until = sessions.now() + _OPEN_S
        self._probe_at = 0.0
        self.is_open = False
        self.has_failed = False
        address, port, username, password, suite = credentials
        self._session = sessions.sign_in(
            address=address,
            port=port,
            username=username,
            password=password,
            cipher_suite=suite,
            privilege=_OPERATOR,
            answer=self._inbox.append,
        )
        self._is_signed_in = False

    @property
    def backlog(self) -> int:
        """Bytes typed that the BMC has not acknowledged."""
        return len(self._typed) + len(self._in_flight)

    def type(self, data: bytes) -> None:
        """Send keystrokes; they wait here until the port is open."""
        self._typed += data
        if self.is_open:
            self._send_next()

    def turn(self) -> None:
        """Work through answers, send again what went unacknowledged, show that we are still here."""
        while self._inbox and not self.has_failed:
            self._take(self._inbox.popleft())
        if self.has_failed:
            return
        now = sessions.now()
        if not self.is_open:
            if now >= self._open_until:
                self._fail("bmc_unreachable")
            return
        if self._in_flight and now >= self._retry_at:
            self._transmit()
        if self._script is None and now >= self._probe_at and not self.has_failed:
            self._begin(self._probe())

    def close(self) -> None:
        """Give the port back without waiting for an answer."""
        session = self._session
        session.sol_handler = None
        if self.is_open:
            self.is_open = False
            try:
                session.incommand = False
                session.request(
                    _APPLICATION, _DEACTIVATE, (_SOL, _SOL, 0, 0, 0, 0), retry=False, answer=lambda _: None
                )
            except Exception:  # the BMC then ends it with our session
                session.packets_malformed += 1
        session.leave()

    # -- opening and keeping

    def _open(self) -> Script:
        answer = yield _SET_PRIVILEGE, (_OPERATOR,)
        _check(failures.privilege_failure(answer["code"]))
        answer = yield self._activation()
        if answer["code"] == _ALREADY_ACTIVE:  # somebody died without closing it: there is only one
            yield _DEACTIVATE, (_SOL, _SOL, 0, 0, 0, 0)
            answer = yield self._activation()
        code = answer["code"]
        _check(_ACTIVATION_FAILURES.get(code) or failures.completion_failure(code))
        # Section 24.1: what the BMC accepts in one packet; the port it names is its own, not a NAT's.
        (accepts,) = struct.unpack("<H", bytes(answer["data"][4:6]))
        self._most = max(1, min(_LARGEST, accepts - _HEADER))
        self._session.sol_handler = self._receive

    def _activation(self) -> Command:
        return _ACTIVATE, (_SOL, _SOL, _ENCRYPTED_AND_SIGNED, 0, 0, 0)

    def _probe(self) -> Script:
        """Get Payload Instance Info (section 24.5): keeps the session, and tells when it was taken from us."""
        answer = yield _INSTANCE, (_SOL, _SOL)
        if answer["code"] == 0 and len(answer["data"]) >= 4:
            (owner,) = struct.unpack("<I", bytes(answer["data"][:4]))
            if owner != self._session.sessionid:
                raise _Failed("sol_taken")

    def _begin(self, script: Script) -> None:
        self._script = script
        self._go_on(None)

    def _take(self, message: Any) -> None:
        if "error" in message:
            self._fail(failures.login_failure(message["error"]))
        elif not self._is_signed_in:
            self._is_signed_in = True
            self._begin(self._open())
        elif self._script is not None:
            self._go_on(message)

    def _go_on(self, message: Any) -> None:
        assert self._script is not None
        try:
            command, data = self._script.send(message)
        except StopIteration:
            self._script = None
            self._probe_at = sessions.now() + _PROBE_S
            if not self.is_open:
                self.is_open = True
                self._opened()
                self._send_next()
        except _Failed as failure:
            self._fail(str(failure))
        except (LookupError, TypeError, ValueError, struct.error):
            self._fail("bmc_protocol_error")
        else:
            self._session.request(_APPLICATION, command, data, retry=True, answer=self._inbox.append)

    def _fail(self, code: str) -> None:
        if not self.has_failed:
            self.has_failed = True
            if code == "sol_taken":
                self.is_open = False  # it is somebody else's now: not ours to deactivate
            self._failed(code)

    # -- data

    def _send_next(self) -> None:
        if self._in_flight or not self._typed:
            return
        self._in_flight = bytes(self._typed[: self._most])
        del self._typed[: self._most]
        self._sequence = self._sequence % 15 + 1  # 1 to 15; 0 means no data
        self._tries = 0
        self._transmit()

    def _transmit(self) -> None:
        self._tries += 1
        if self._tries > _MOST_TRIES:
            self._fail("bmc_session_lost")
            return
        self._retry_at = sessions.now() + _RETRY_S
        self._session.send_payload(
            bytearray([self._sequence, 0, 0, 0]) + self._in_flight, payload_type=_SOL, retry=False
        )

    def _receive(self, packet: Any) -> None:
        """A SOL packet (table 15-2), or what pyghmi says when the session breaks."""
        if isinstance(packet, dict):
            self._fail("bmc_session_lost")
            return
        if len(packet) < _HEADER:
            return
        sequence, acknowledged, count, status = packet[0] & 0xF, packet[1] & 0xF, packet[2], packet[3]
        if sequence:
            self._take_data(sequence, bytes(packet[_HEADER:]))
        if acknowledged and acknowledged == self._sequence and self._in_flight:
            self._acknowledged(count if status & _NACK else len(self._in_flight))
        if status & _NACK and status & _DEACTIVATED:
            self._fail("sol_taken")

    def _take_data(self, sequence: int, data: bytes) -> None:
        """Acknowledge and hand on; a repetition only as far as it is longer than what was heard."""
        self._session.send_payload(
            bytearray([0, sequence, len(data) & 0xFF, 0]), payload_type=_SOL, retry=False
        )
        last, length = self._last_heard
        fresh = data[length:] if sequence == last else data
        self._last_heard = (sequence, max(len(data), length) if sequence == last else len(data))
        if fresh:
            self._heard(fresh)

    def _acknowledged(self, count: int) -> None:
        self._typed[:0] = self._in_flight[count:]
        self._in_flight = b""
        if count:
            self._send_next()
        else:
            # Nothing was taken: the machine is off, or its buffer is full. Asking at once would be a flood.
            self._in_flight, self._typed[: self._most] = bytes(self._typed[: self._most]), b""
            self._retry_at = sessions.now() + _RETRY_S


def _check(failure: str | None) -> None:
    if failure is not None:
        raise _Failed(failure)
