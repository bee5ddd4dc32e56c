"""The child process that holds one serial port: keystrokes on standard input, what is heard on standard output.

The first line of standard input says where: [host, port, username, password, cipher suite] as JSON. All after it is
typed. Standard output has frames: a letter, the length in four bytes (big endian), the content.
O: the port is open. D: bytes heard. F: it has failed; the content is a code, and nothing follows.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct

from bmc.ipmi import sessions
from bmc.ipmi.sol import SerialPort
from bmc.last_will import end_with_parent

_STDIN, _STDOUT = 0, 1
_TURN_S = 0.25
_STUCK_S = 30.0
_MOST_TYPED = 4096
"""Bytes that may wait for the BMC: then standard input is left alone, and whoever pastes has to wait."""


def _write(kind: bytes, content: bytes = b"") -> None:
    frame = kind + struct.pack(">I", len(content)) + content
    while frame:
        frame = frame[os.write(_STDOUT, frame) :]


def _first_line() -> tuple[list[object], bytes]:
    data = b""
    while b"\n" not in data:
        more = os.read(_STDIN, 65536)
        if not more:
            os._exit(0)
        data += more
    line, _, typed = data.partition(b"\n")
    return json.loads(line), typed


def _address(host: str, port: int) -> str | None:
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0])
    except (OSError, UnicodeError):
        return None


def _serve(port: SerialPort) -> None:
    while not port.has_failed:
        signal.setitimer(signal.ITIMER_REAL, _STUCK_S)
        others = (_STDIN,) if port.backlog < _MOST_TYPED else ()
        ready = sessions.receive(_TURN_S, others)
        sessions.handle_packets()
        sessions.handle_timeouts()
        if _STDIN in ready:
            typed = os.read(_STDIN, _MOST_TYPED)
            if not typed:
                return
            port.type(typed)
        port.turn()


def main(parent: int) -> None:
    """Run as the child of process `parent` until it goes away, closes our input, or the port fails."""
    end_with_parent(parent)
    sessions.take_over_waiting()
    (host, number, username, password, suite), typed = _first_line()
    address = _address(str(host), int(str(number)))
    if address is None:
        _write(b"F", b"bmc_unreachable")
        os._exit(0)
    port = SerialPort(
        (address, int(str(number)), str(username), str(password), int(str(suite))),
        opened=lambda: _write(b"O"),
        heard=lambda data: _write(b"D", data),
        failed=lambda code: _write(b"F", code.encode()),
    )
    port.type(typed)
    try:
        _serve(port)
    except BrokenPipeError:
        pass
    finally:
        port.close()
    os._exit(0)
