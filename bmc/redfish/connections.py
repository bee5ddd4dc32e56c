"""HTTPS to one BMC that is not trusted: whom we speak to, and how much we take. Child processes only.

pyghmi's own web client reads bodies of any length, unpacks gzip without a limit, makes a TLS handshake
for every request and leaves the choice of certificate check to its caller.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import socket
import ssl
import time
import zlib
from typing import Any

from pyghmi.util import webclient

from bmc.redfish.failures import Failure, transport_failure

MAX_BODY = 4 * 1024 * 1024
"""Bytes, packed or unpacked; the largest resource of a real server has some hundred thousand."""
MAX_REQUESTS = 600
"""In one action: more links than any server of ours has resources to read."""
# DSP0266 section 6.5: every resource is below /redfish/. A link is text from the BMC: it names a path of
# the same service, or it is not followed.
_LINK = re.compile(r"/redfish(/[A-Za-z0-9\-._~!$&'()*+,;=:@%#]*)*(\?[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*)?")


def _refuse(connection: webclient.SecureHTTPConnection) -> None:
    raise Failure("bmc_unsupported")


# Wherever pyghmi, or its code for some vendor, dials by itself: it does not. Only CheckedConnection does.
webclient.SecureHTTPConnection.connect = _refuse


class LimitedResponse(http.client.HTTPResponse):
    """A response whose body has an end."""

    def read(self, amt: int | None = None) -> bytes:
        """The whole body, unpacked. Raises Failure where it is longer than MAX_BODY or does not unpack."""
        body = super().read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise Failure("bmc_protocol_error")
        if super().getheader("Content-Encoding", "").strip().lower() == "gzip" and body:
            body = _unpack(body)
        return body

    def getheader(self, name: str, default: Any = None) -> Any:
        """As ever, but without the encoding: `read` has undone it."""
        return default if name.lower() == "content-encoding" else super().getheader(name, default)


def _unpack(body: bytes) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, MAX_BODY + 1)
    except zlib.error:
        return body  # some BMCs say gzip and send plain text
    if len(plain) > MAX_BODY:
        raise Failure("bmc_protocol_error")
    return plain


class Trust:
    """Whose certificate is believed: a pinned one, one of a CA, or as the system decides. Never any."""

    def __init__(self, fingerprint: str, ca_file: str) -> None:
        self._fingerprint = fingerprint
        self._context = ssl.create_default_context(cafile=ca_file or None)
        if fingerprint:  # checked below, before anything is sent
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE

    def wrap(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        """A TLS connection to whom we believe. Raises ssl.SSLError."""
        sock = self._context.wrap_socket(plain, server_hostname=host)
        if self._fingerprint:
            certificate = sock.getpeercert(binary_form=True) or b""
            if not hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), self._fingerprint):
                sock.close()
                raise ssl.SSLCertVerificationError("not the pinned certificate")
        return sock


class CheckedConnection(webclient.SecureHTTPConnection):  # type: ignore[misc]  # pyghmi has no types
    """pyghmi's web client for one BMC; one connection that is used again while the BMC keeps it open."""

    response_class = LimitedResponse

    def __init__(self, host: str, port: int, trust: Trust) -> None:
        super().__init__(host, port, verifycallback=lambda _: False, timeout=None)
        self._trust = trust
        self.deadline = 0.0
        self.last_status = 0
        self.requests_left = MAX_REQUESTS
        self._is_fresh = True
        self._method = ""

    def __del__(self) -> None:
        return None

    def dupe(self, timeout: float | None = None) -> CheckedConnection:
        """pyghmi asks for a connection of its own for each request; ours are one after the other."""
        return self

    def connect(self) -> None:
        """Dial the endpoint and believe its certificate, or raise Failure with nothing sent."""
        try:
            plain = socket.create_connection((self.host, self.port), timeout=self._time_left())
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = self._trust.wrap(plain, self.host)
        except OSError as error:
            raise Failure(transport_failure(error)) from None
        self._is_fresh = True

    def request(
        self, method: str, url: str, body: Any = None, headers: Any = None, referer: Any = None
    ) -> None:
        """Send one request to a path of this BMC. What changes something goes out once, on a fresh connection."""
        if not isinstance(url, str) or not _LINK.fullmatch(url.partition("#")[0]):
            raise Failure("bmc_protocol_error")
        self.requests_left -= 1
        if self.requests_left < 0:
            raise Failure("bmc_protocol_error")
        if method != "GET":
            self.close()  # one that the BMC has just closed would leave us in doubt about the command
        if time.monotonic() >= self.deadline:  # this process was frozen: too late to touch anything
            raise Failure("bmc_deadline_exceeded")
        self._asked = method, url, body, headers, referer
        self._is_fresh = self.sock is None
        self._send()

    def _send(self) -> None:
        method, url, body, headers, referer = self._asked
        try:
            super().request(method, url, body, headers, referer)
        except OSError as error:
            self._again(error)

    def getresponse(self) -> http.client.HTTPResponse:
        """The answer. A connection that was kept and is gone is dialled again, once, for a mere question."""
        while True:
            try:
                response: http.client.HTTPResponse = super().getresponse()
            except OSError as error:
                self._again(error)
                continue
            except http.client.HTTPException:
                self.close()
                raise Failure("bmc_protocol_error") from None
            self.last_status = response.status
            return response

    def _again(self, error: OSError) -> None:
        self.close()
        if self._is_fresh or self._asked[0] != "GET":
            raise Failure(transport_failure(error)) from None
        self._is_fresh = True
        self._send()

    def _time_left(self) -> float:
        return max(0.05, self.deadline - time.monotonic())
