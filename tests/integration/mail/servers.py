"""Mail servers for tests: aiosmtpd, which answers as it is told, and a raw one that breaks every rule."""

from __future__ import annotations

import contextlib
import datetime as dt
import email
import email.policy
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.ports import free_port

FINE = "250 OK"


@dataclass
class Post:
    """What a server was given, and what it answers. An answer `drop` cuts the connection instead."""

    mail: str = FINE
    rcpt: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    """Answers to the next texts, in order; after that they are taken."""
    received: list[tuple[str, bytes]] = field(default_factory=list)
    """Recipient and text of every mail that was answered with 250."""
    logins: list[tuple[str, str]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    def messages(self) -> list[EmailMessage]:
        found = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in self.received]
        return [one for one in found if isinstance(one, EmailMessage)]

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.mail == FINE:
            envelope.mail_from = address
        return self.mail

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        answer = self.rcpt.get(address, FINE)
        if answer == "drop":
            server.transport.abort()
            return FINE
        if answer == FINE:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        answer = self.data.pop(0) if self.data else FINE
        assert isinstance(envelope.content, bytes)
        if answer in (FINE, "drop after"):
            self.received.append((envelope.rcpt_tos[0], envelope.content))
            self.came.set()
        if answer.startswith("drop"):
            server.transport.abort()
        return answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == b"p@ss:word", handled=False)


@contextlib.contextmanager
def post_office(
    post: Post, *, port: int = 0, tls: Path | None = None, demand_tls: bool = False
) -> Iterator[int]:
    """A server on loopback; its port. `tls`: a directory with cert.pem and key.pem."""
    options: dict[str, Any] = {}
    if tls is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        options = {"tls_context": context, "require_starttls": demand_tls, "authenticator": post.authenticate}
    controller = Controller(post, hostname="127.0.0.1", port=port or free_port(), ready_timeout=60, **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def make_certificate(directory: Path) -> Path:
    """A certificate for `localhost` and 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return directory


class RawServer:
    """Says fixed lines: the first at once, each other after a line of the client; then `at_end`.

    `at_end`: `close` the connection, be `silent`, or `drip` a byte now and then without ever ending a line.
    """

    def __init__(self, *lines: str, at_end: str = "close") -> None:
        self.lines = lines
        self.at_end = at_end
        self.visits = 0
        self.ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self.ended.is_set():
                visitor, _ = self._socket.accept()
                self.visits += 1
                with visitor, contextlib.suppress(OSError):
                    self._talk(visitor)

    def _talk(self, visitor: socket.socket) -> None:
        heard = visitor.makefile("rb")
        for number, line in enumerate(self.lines):
            if number and not heard.readline():
                return
            visitor.sendall(line.encode() + b"\r\n")
        if self.lines:
            heard.readline()
        while self.at_end != "close" and not self.ended.is_set():
            if self.at_end == "drip":
                visitor.sendall(b"2")
            self.ended.wait(0.05)

    def end(self) -> None:
        self.ended.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
