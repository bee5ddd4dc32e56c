"""Knot DNS (Debian) as the operator's name server: zones with and without rights for our key, and one that is broken."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.tsig

from opsportal.integrations.dns import NameServer
from opsportal.models.network import Ip
from tests.ports import free_port
from tests.tools import need_tool

KEY, SECRET = "opsportal", "c2VjcmV0IGtleSBmb3IgdGVzdHMsIDMyIGJ5dGVzISE="
V4, V6 = "2.0.192.in-addr.arpa", "0.4.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
CLOSED, BROKEN = "100.51.198.in-addr.arpa", "113.0.203.in-addr.arpa"
"""Zones that our key may read and not write; that has no data and so answers SERVFAIL."""
MISSING = "18.198.in-addr.arpa"
"""Nobody's zone."""
ZONES = f"{V4},{V6},{CLOSED},{BROKEN},{MISSING}"

CONFIGURATION = """
server:
    listen: 127.0.0.1@{port}
    rundir: {home}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {home}
log:
  - target: stderr
    any: warning
key:
  - id: {key}
    algorithm: hmac-sha256
    secret: {secret}
acl:
  - id: writes
    key: {key}
    action: update
  - id: reads
    key: {key}
    action: transfer
template:
  - id: default
    storage: {home}
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: {v4}
    file: empty
    acl: writes
  - domain: {v6}
    file: empty
    acl: writes
  - domain: {closed}
    file: empty
    acl: reads
  - domain: {broken}
    file: none
    acl: writes
"""
EMPTY_ZONE = "@ 3600 SOA ns.test. admin.test. 1 3600 600 86400 60\n@ 3600 NS ns.test.\n"


@dataclass
class Knot:
    """A running name server."""

    port: int
    process: subprocess.Popen[bytes]

    def as_known(
        self, *, key: str = KEY, secret: str = SECRET, udp_s: float = 30, tcp_s: float = 30
    ) -> NameServer:
        """How the portal knows it. Patience as long as a busy machine needs."""
        return NameServer("127.0.0.1", self.port, dns.tsig.Key(key, secret, "hmac-sha256"), (udp_s, tcp_s))

    def names(self, ip: Ip | str) -> list[str]:
        """What anybody is told about an address, by its own question."""
        question = dns.message.make_query(ip_address(str(ip)).reverse_pointer, "PTR")
        answer = dns.query.udp(question, "127.0.0.1", port=self.port, timeout=20)
        return [one.target.to_text() for rrset in answer.answer for one in rrset]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes what comes and says nothing, once the last of its threads has stopped."""
        os.kill(self.process.pid, signal.SIGSTOP)
        until = time.monotonic() + 60
        while not all(_is_stopped(thread) for thread in Path(f"/proc/{self.process.pid}/task").iterdir()):
            assert time.monotonic() < until, "it goes on"
            time.sleep(0.01)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


def _is_stopped(thread: Path) -> bool:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"


@contextmanager
def running_knot(home: Path) -> Iterator[Knot]:
    program = need_tool("knotd")
    port = free_port()
    places = {"port": port, "home": home, "key": KEY, "secret": SECRET}
    zones = {"v4": V4, "v6": V6, "closed": CLOSED, "broken": BROKEN}
    (home / "knot.conf").write_text(CONFIGURATION.format(**places, **zones))
    (home / "empty").write_text(EMPTY_ZONE)
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(home / "knot.conf")], stderr=log, stdout=log)
    knot = Knot(port, process)
    try:
        _wait(knot, home)
        yield knot
    finally:
        process.kill()
        process.wait()


def _wait(knot: Knot, home: Path) -> None:
    until = time.monotonic() + 60
    question = dns.message.make_query(V4, "SOA")
    while True:
        assert knot.process.poll() is None, (home / "log").read_text()
        with suppress(dns.exception.DNSException, OSError):
            if dns.query.udp(question, "127.0.0.1", port=knot.port, timeout=1).answer:
                return
        assert time.monotonic() < until, (home / "log").read_text()
        time.sleep(0.02)
