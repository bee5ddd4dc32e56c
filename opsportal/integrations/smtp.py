"""A mail server, spoken to in steps, so that it is known after each whether the text has left us.

`smtp://` asks for STARTTLS (RFC 3207) and goes no further without it, except on this machine;
`smtps://` begins with TLS (RFC 8314); `smtp+plain://` never uses TLS and sends no password.
"""

from __future__ import annotations

import contextlib
import ipaddress
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

SILENCE_S = 15.0
"""How long the server may be silent."""


class Tls(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True)
class Server:
    """Where mails are handed over. `str()` of it holds no password."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.tls})"


class SmtpError(Exception):
    """Base: `code` is ours and stable, `smtp_code` what the server said (None: nothing)."""

    def __init__(self, code: str, smtp_code: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.smtp_code = smtp_code


class RelayError(SmtpError):
    """The server cannot be used now: away, no TLS, login refused, sender refused. Not the mail's fault."""


class DeferredError(SmtpError):
    """This mail cannot be taken now (4xx, or the connection broke in the middle of it)."""

    is_broken: bool = False


class RefusedError(SmtpError):
    """This mail will never be taken (5xx)."""


def parse_server(url: str) -> Server:
    """A server from `smtp://user:password@host:port`. Raises ValueError that does not repeat the address.

    `?tls=starttls` or `?tls=none` overrides the rule of the scheme.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        wished = parse_qs(parts.query).get("tls", [""])[0]
        tls = Tls(wished) if wished else None
    except ValueError:
        raise ValueError("SMTP_URL is not an address like smtp://user:password@host:587") from None
    defaults = {"smtp": (Tls.STARTTLS, 587), "smtps": (Tls.IMPLICIT, 465), "smtp+plain": (Tls.NONE, 25)}
    if parts.scheme not in defaults or not parts.hostname:
        raise ValueError("SMTP_URL must begin with smtp://, smtps:// or smtp+plain:// and name a host")
    usual, usual_port = defaults[parts.scheme]
    if parts.scheme == "smtp" and is_this_machine(parts.hostname):
        usual = Tls.NONE
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    server = Server(parts.hostname, port or usual_port, tls or usual, username, password)
    if username and server.tls is Tls.NONE and not is_this_machine(server.host):
        raise ValueError("SMTP_URL has a password, which is never sent without TLS")
    return server


def is_this_machine(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


class Session:
    """An open connection to a server that has let us in. Made by `connect`."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def send(
        self,
        *,
        sender: str,
        recipient: str,
        text: bytes,
        before_text: Callable[[], None],
        patience_s: float,
    ) -> int:
        """Hand one mail over; returns the server's code. Raises `RelayError`, `DeferredError`, `RefusedError`.

        `before_text` is called when everything but the text has been said: until then nothing can have
        been delivered. What it raises comes through, and nothing is sent.
        """
        with _deadline(self._smtp, patience_s):
            try:
                self._say_envelope(sender, recipient)
                before_text()
                code, _ = self._smtp.data(text)
            except smtplib.SMTPServerDisconnected:
                raise _broken() from None
            except smtplib.SMTPResponseException as refusal:
                raise _judged(refusal.smtp_code, "text") from None
            except OSError:
                raise _broken() from None
            if code != 250:
                raise _judged(code, "text")
            return code

    def _say_envelope(self, sender: str, recipient: str) -> None:
        code, _ = self._smtp.mail(sender)
        if code != 250:
            self._forget()
            if 500 <= code < 600 and code not in (552, 554):
                raise RelayError("sender_refused", code)
            raise _judged(code, "sender")
        code, _ = self._smtp.rcpt(recipient)
        if code not in (250, 251):
            self._forget()
            raise _judged(code, "recipient")

    def _forget(self) -> None:
        """RSET, so that the next mail begins afresh; a server that is gone is noticed there."""
        with contextlib.suppress(smtplib.SMTPException, OSError):
            self._smtp.rset()


def _judged(code: int, what: str) -> SmtpError:
    """4xx is for now, 5xx for ever (RFC 5321, 4.2.1); 421 is the server closing; anything else is nonsense."""
    if code == 421:
        return RelayError("server_closing", code)
    if 500 <= code < 600:
        return RefusedError(f"{what}_refused", code)
    if 400 <= code < 500:
        return DeferredError(f"{what}_deferred", code)
    return DeferredError("answer_unclear", code)


def _broken() -> DeferredError:
    broken = DeferredError("connection_broken")
    broken.is_broken = True
    return broken


@contextlib.contextmanager
def connect(server: Server, *, local_name: str, patience_s: float = 40.0) -> Iterator[Session]:
    """A session with the server, ended politely. Raises `RelayError` when there can be none."""
    smtp = _Implicit(server, local_name) if server.tls is Tls.IMPLICIT else _plain(local_name)
    try:
        with _deadline(smtp, patience_s):
            _introduce(smtp, server)
        yield Session(smtp)
    finally:
        _leave(smtp)


def _plain(local_name: str) -> smtplib.SMTP:
    return smtplib.SMTP(local_hostname=local_name, timeout=SILENCE_S)


class _Implicit(smtplib.SMTP_SSL):
    """TLS from the first byte, with the certificate checked."""

    def __init__(self, server: Server, local_name: str) -> None:
        super().__init__(local_hostname=local_name, timeout=SILENCE_S, context=ssl.create_default_context())


def _introduce(smtp: smtplib.SMTP, server: Server) -> None:
    try:
        smtp._host = server.host  # type: ignore[attr-defined]  # STARTTLS checks the certificate against it
        code, _ = smtp.connect(server.host, server.port)
        if code != 220:
            raise RelayError("greeting_refused", code)
        smtp.ehlo_or_helo_if_needed()
        if server.tls is Tls.STARTTLS:
            if not smtp.has_extn("starttls"):
                raise RelayError("tls_missing")
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if server.username:
            smtp.login(server.username, server.password)
    except smtplib.SMTPAuthenticationError as refusal:
        raise RelayError("login_refused", refusal.smtp_code) from None
    except smtplib.SMTPResponseException as refusal:
        raise RelayError("greeting_refused", refusal.smtp_code) from None
    except ssl.SSLError:
        raise RelayError("tls_failed") from None
    except smtplib.SMTPNotSupportedError:
        raise RelayError("login_missing") from None
    except smtplib.SMTPServerDisconnected as lost:
        was_silent = isinstance(lost.__context__, TimeoutError)
        raise RelayError("silent" if was_silent else "connection_broken") from None
    except smtplib.SMTPException:
        raise RelayError("login_refused") from None
    except TimeoutError:
        raise RelayError("silent") from None
    except (OSError, UnicodeError):
        raise RelayError("unreachable") from None


def _leave(smtp: smtplib.SMTP) -> None:
    """QUIT, but never wait long for the answer."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        if smtp.sock is not None:
            smtp.sock.settimeout(2)
            smtp.quit()
    smtp.close()


@contextlib.contextmanager
def _deadline(smtp: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """Cut the connection after so many seconds, however busily the server keeps it alive."""

    def cut() -> None:
        with contextlib.suppress(OSError, AttributeError):
            smtp.sock.shutdown(2)  # type: ignore[union-attr]

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
