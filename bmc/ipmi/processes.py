"""The child processes in which pyghmi's IPMI runs."""

from __future__ import annotations

from bmc.endpoints import Endpoint
from bmc.processes import DisposableChild


class ChildProcess(DisposableChild):
    """A fresh Python that runs `bmc.ipmi.child`."""

    def __init__(self) -> None:
        super().__init__("bmc.ipmi.child")

    def send(self, *, key: int, endpoint: Endpoint, action: str, deadline: float, stays: bool) -> None:
        """Hand over one request; `deadline` in seconds of time.monotonic(). Raises BmcSessionLost."""
        to = [endpoint.host, endpoint.port, endpoint.username, endpoint.password, endpoint.cipher_suite]
        self.tell({"key": key, "action": action, "deadline": deadline, "stays": stays, "to": to})
