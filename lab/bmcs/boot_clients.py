"""A machine's HTTP, from its own address: boot services tell machines apart by where they ask from."""

import http.client
import json
import socket
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from lab.bmcs.ipxe import FetchFailed

HOST = "127.0.0.1"
HOST_OF_GUESTS = "10.0.2.2"
"""Where guests of QEMU find the machine that they run on; ours do, too, so that one portal serves both."""
TIMEOUT_S = 15.0
LONGEST_FILE = 256 << 20
MOST_REDIRECTIONS = 5


class BootClient:
    """Asks as the machine at `address`. Blocks: call it from a thread."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, url: str) -> bytes:
        """The file at `url`, wherever that leads. Raises FetchFailed with what iPXE would print."""
        for _ in range(MOST_REDIRECTIONS):
            status, content, elsewhere = self._ask("GET", url)
            if not elsewhere:
                break
            url = urljoin(url, elsewhere)
        if status != http.client.OK:
            raise FetchFailed(f"{url}... {http.client.responses.get(status, status)} (HTTP {status})")
        return content

    def report(
        self, url: str, milestone: str, detail: str = "", disk: Mapping[str, str | int] | None = None
    ) -> bool:
        """Tell how far it has come, or what became of a disk; whether that was taken."""
        try:
            told = {"milestone": milestone, "detail": detail} | ({"disk": dict(disk)} if disk else {})
            body = json.dumps(told).encode()
            status, _, _ = self._ask("POST", url, body)
        except FetchFailed:
            return False
        return 200 <= status < 300

    def _ask(self, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes, str]:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise FetchFailed(f"{url}... Protocol not supported (https://ipxe.org/3c092083)")
        host = HOST if parts.hostname == HOST_OF_GUESTS else parts.hostname
        connection = http.client.HTTPConnection(
            host, parts.port or 80, timeout=TIMEOUT_S, source_address=(self._address, 0)
        )
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, {"User-Agent": "iPXE/1.21.1", **headers})
            answer = connection.getresponse()
            elsewhere = answer.getheader("Location", "") if answer.status in (301, 302, 307, 308) else ""
            return answer.status, answer.read(LONGEST_FILE), elsewhere
        except TimeoutError as late:
            raise FetchFailed(f"{url}... Connection timed out (https://ipxe.org/4c0a6092)") from late
        except (OSError, http.client.HTTPException) as broken:
            raise FetchFailed(f"{url}... Connection reset (https://ipxe.org/0f0a6095)") from broken
        finally:
            connection.close()


def usable(address: str) -> bool:
    """Whether this system lets us speak from `address`: Linux has all of 127.0.0.0/8, macOS only 127.0.0.1."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
