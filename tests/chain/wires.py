"""The wire between machines and the boot service: it loses and damages what a test has told it to.

Whoever asks does so from the own address: boot services tell machines apart by it.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

FORWARD_S = 120.0
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: hang up at once, by RST


class Fault(StrEnum):
    """What happens once to one request."""

    REFUSED = "refused"
    """It never arrives, and whoever sent it is hung up on."""
    UNANSWERED = "unanswered"
    """It arrives and is carried out; the answer is lost."""
    DAMAGED = "damaged"
    """One bit of the answer is another."""


class Wire:
    """Machines find it at `port`; the boot service listens at `target`."""

    def __init__(self) -> None:
        self.target = 0
        self.scripts: dict[str, list[str]] = defaultdict(list)
        """The boot scripts that left, by MAC address."""
        self._faults: dict[tuple[str, str], list[Fault]] = {}
        self._held: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Relay)
        self._server.wire = self

    @property
    def port(self) -> int:
        return self._server.server_port

    def plan(self, token: str, what: str, *faults: Fault) -> None:
        """What happens to the next requests of an installation, one after another: a file or a milestone."""
        with self._lock:
            self._faults[token, what] = [*faults]

    def planned(self, token: str) -> dict[str, list[Fault]]:
        """What has not happened yet."""
        with self._lock:
            return {what: left for (whose, what), left in self._faults.items() if whose == token and left}

    def next_fault(self, token: str, what: str) -> Fault | None:
        with self._lock:
            left = self._faults.get((token, what))
            return left.pop(0) if left else None

    @contextmanager
    def holding(self, mac: str) -> Iterator[None]:
        """For the block, this machine asks for its boot script and hears nothing yet."""
        self._held[mac] = threading.Event()
        try:
            yield
        finally:
            self._held.pop(mac).set()

    def wait_for(self, mac: str) -> None:
        """Return when no machine with this MAC address is held."""
        held = self._held.get(mac)
        if held is not None:
            held.wait()

    @contextmanager
    def running(self) -> Iterator[Wire]:
        """For the block, requests are relayed."""
        thread = threading.Thread(target=self._server.serve_forever, name="wire", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    wire: Wire

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A machine that was switched off hangs up in the middle of a word."""


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._pass_on(b"", self.path.rpartition("/")[2])

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._pass_on(body, json.loads(body)["milestone"])

    def _pass_on(self, body: bytes, what: str) -> None:
        wire, token = self.server.wire, unquote(self.path.split("/")[3])
        if self._is_for_script():
            wire.wait_for(token)
        fault = wire.next_fault(token, what)
        if fault is Fault.REFUSED:
            self._hang_up()
            return
        status, kind, content = self._forward(body)
        if self._is_for_script():
            wire.scripts[token].append(content.decode())
        if fault is Fault.UNANSWERED:
            self._hang_up()
            return
        if fault is Fault.DAMAGED:
            content = content[:-1] + bytes([content[-1] ^ 1])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _forward(self, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(
            "127.0.0.1",
            self.server.wire.target,
            timeout=FORWARD_S,
            source_address=(self.client_address[0], 0),
        )
        try:
            headers = {name: self.headers.get(name, "") for name in ("Host", "Content-Type", "User-Agent")}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def _is_for_script(self) -> bool:
        return self.path.startswith("/boot/ipxe/")

    def _hang_up(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Nobody reads it; an address holds its token."""
