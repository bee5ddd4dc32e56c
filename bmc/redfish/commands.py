"""pyghmi's Redfish `Command`, with one session that is ended, and answers that are looked at twice.

Child processes only. Besides signing in, this module is how everything else here reads and writes: what
is read is a JSON object or a Failure, and never older than the question.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from pyghmi.redfish import command as pyghmi

from bmc.redfish.connections import MAX_REQUESTS, CheckedConnection, Trust
from bmc.redfish.failures import Failure, status_failure

Resource = dict[str, Any]

_SESSIONS = "/redfish/v1/SessionService/Sessions"
_WITHOUT_SESSIONS = (404, 405, 501)
_LAST_LOOK_S = 0.3
"""What is kept of the time for handing over what was read so far."""


class Bmc(pyghmi.Command):  # type: ignore[misc]  # pyghmi has no types
    """One BMC, signed in to. Raises Failure, or whatever pyghmi makes of an answer that it cannot digest."""

    def __init__(self, host: str, port: int, username: str, password: str, trust: Trust, deadline: float):
        self._session_url = ""
        self.connection = CheckedConnection(host, port, trust)
        self.connection.deadline = deadline
        pyghmi.webclient = SimpleNamespace(SecureHTTPConnection=lambda *_, **__: self.connection)
        super().__init__(host, username, password, verifycallback=None, port=port)
        if not isinstance(self.sysurl, str):
            raise Failure("bmc_protocol_error")

    def _get_session_token(self, wc: CheckedConnection) -> None:
        """Open a session, by its own password check only: each refused one brings a lock-out nearer."""
        headers = {k: v for k, v in wc.stdheaders.items() if k not in ("Authorization", "X-Auth-Token")}
        credentials = {"UserName": self.username, "Password": self.password}
        response = wc.grab_rsp(_SESSIONS, credentials, headers=headers)
        response.read()
        token = response.getheader("X-Auth-Token")
        if response.status in _WITHOUT_SESSIONS:
            return  # basic authentication, then
        if failure := status_failure(response.status):
            raise Failure(failure)
        if not token:
            return
        self.xauthtoken = token
        self._session_url = urlsplit(response.getheader("Location") or "").path
        wc.stdheaders.pop("Authorization", None)
        wc.stdheaders["X-Auth-Token"] = token

    def leave(self) -> None:
        """Free the session; without this some BMCs refuse everybody for half an hour after 16 of them."""
        if self._session_url:
            self.write(self._session_url, None, method="DELETE")

    def begin(self, deadline: float) -> None:
        """Start an action that has until `deadline` (monotonic seconds)."""
        self.connection.deadline = deadline
        self.connection.requests_left = MAX_REQUESTS

    def read(self, url: object) -> Resource:
        """A resource as it is now. Raises Failure."""
        return as_object(self._do_web_request(url, cache=False))

    def write(self, url: object, payload: Resource | None, *, method: str, etag: str | None = None) -> object:
        """Send one change, once. Raises Failure."""
        return self._do_web_request(url, payload, method=method, etag=etag)

    def system(self) -> Resource:
        """The machine."""
        return self.read(self.sysurl)

    def members(self, collection_url: object, *, limit: int) -> Iterator[Resource]:
        """The resources of a collection, read one by one and page by page, at most `limit` of them.

        Raises Failure("bmc_deadline_exceeded") shortly before the time is up.
        """
        while collection_url and limit > 0:
            page = self.read(collection_url)
            for member in as_list(page.get("Members"))[:limit]:
                limit -= 1
                self.check_time()
                yield member if len(as_object(member)) > 1 else self.read(link(member))
            collection_url = page.get("Members@odata.nextLink")
            self.check_time()

    def check_time(self) -> None:
        """Raise Failure("bmc_deadline_exceeded") when only the time to say so is left."""
        if time.monotonic() > self.connection.deadline - _LAST_LOOK_S:
            raise Failure("bmc_deadline_exceeded")


def as_object(value: object) -> Resource:
    """A JSON object. Raises Failure for anything else."""
    if not isinstance(value, dict):
        raise Failure("bmc_protocol_error")
    return value


def as_list(value: object) -> list[Any]:
    """A JSON array; what is none is empty."""
    return value if isinstance(value, list) else []


def part(resource: Resource, *path: str) -> Any:
    """What is at a path of keys; None where something is missing or no object."""
    found: Any = resource
    for key in path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found


def link(value: object) -> Any:
    """The @odata.id of a reference; the connection checks it before anything is sent there."""
    return value.get("@odata.id") if isinstance(value, dict) else None


def number(value: object) -> float | None:
    """A JSON number; None for anything else, also for the NaN that Python's parser lets through."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None
