"""UDP and TCP in front of the zones. Whoever updates must hold the key; questions anybody may ask."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Callable

import dns.exception
import dns.message
import dns.rcode
import dns.tsig
import dns.update

from lab.dns.zones import Zones

HOST = "127.0.0.1"
PATIENCE_S = 10


class NameServer:
    """One set of zones and the key that may change them; `changed` is called after every update."""

    def __init__(self, zones: Zones, key: dns.tsig.Key, changed: Callable[[], None] = lambda: None) -> None:
        self.zones = zones
        self.key = key
        self._changed = changed

    def reply(self, wire: bytes) -> bytes | None:
        """The answer to what came, signed if the question was; None for what is no question of DNS."""
        try:
            question = dns.message.from_wire(wire, keyring=self.key)
        except (
            dns.message.UnknownTSIGKey,
            dns.tsig.BadSignature,
            dns.tsig.BadTime,
            dns.tsig.BadKey,
        ) as refused:
            return _not_you(wire, refused)
        except dns.exception.DNSException:
            return None
        is_update = isinstance(question, dns.update.UpdateMessage)
        if is_update and not question.had_tsig:
            answer = dns.message.make_response(question)
            answer.set_rcode(dns.rcode.REFUSED)
            return answer.to_wire()
        answer = self.zones.answer(question)
        if is_update and answer.rcode() == dns.rcode.NOERROR:
            self._changed()
        return answer.to_wire()


def _not_you(wire: bytes, why: Exception) -> bytes:
    """NOTAUTH with the error in a TSIG whose signature says nothing (RFC 8945, 5.3.2)."""
    question = dns.message.from_wire(wire, keyring=False)
    assert question.keyname is not None
    nobody = dns.tsig.Key(question.keyname, b"nobody")
    errors: dict[type[Exception], dns.rcode.Rcode] = {
        dns.tsig.BadSignature: dns.rcode.BADSIG,
        dns.tsig.BadTime: dns.rcode.BADTIME,
    }
    error = errors.get(type(why), dns.rcode.BADKEY)
    answer = dns.message.make_response(question)
    answer.use_tsig(nobody, tsig_error=error)
    answer.set_rcode(dns.rcode.NOTAUTH)
    return answer.to_wire()


def serve(server: NameServer, port: int) -> tuple[socketserver.BaseServer, socketserver.BaseServer]:
    """Listen on UDP and TCP of a port, each in a thread of its own, until both are shut down."""

    class Datagrams(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, door = self.request
            if answer := server.reply(wire):
                door.sendto(answer, self.client_address)

    class Connections(socketserver.StreamRequestHandler):
        timeout = PATIENCE_S

        def handle(self) -> None:
            while head := self.rfile.read(2):
                wire = self.rfile.read(struct.unpack("!H", head)[0]) if len(head) == 2 else b""
                answer = server.reply(wire)
                if answer is None:
                    return
                self.wfile.write(struct.pack("!H", len(answer)) + answer)

    class Tcp(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    doors = socketserver.UDPServer((HOST, port), Datagrams), Tcp((HOST, port), Connections)
    for door in doors:
        threading.Thread(target=door.serve_forever, daemon=True).start()
    return doors
