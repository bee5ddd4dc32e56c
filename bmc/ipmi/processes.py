"""The child processes in which pyghmi's IPMI runs."""

from __future__ import annotations

from collections.abc import Mapping

from bmc.endpoints import Endpoint
from bmc.processes import DisposableChild

# IPMI v2.0 section 6.8. Operator is the least that may switch power (appendix G, Chassis Control); users
# need more, and a session that asks for more than its user has is refused.
OPERATOR, ADMINISTRATOR = 3, 4


class ChildProcess(DisposableChild):
    """A fresh Python that runs `bmc.ipmi.child`."""

    def __init__(self) -> None:
        super().__init__("bmc.ipmi.child")

    def send(
        self,
        *,
        key: int,
        endpoint: Endpoint,
        action: str,
        deadline: float,
        stays: bool,
        args: Mapping[str, object] | None = None,
        privilege: int = OPERATOR,
    ) -> None:
        """Hand over one request; `deadline` in seconds of time.monotonic(). Raises BmcSessionLost."""
        self.tell(
            {
                "key": key,
                "action": action,
                "args": args or {},
                "deadline": deadline,
                "stays": stays,
                "privilege": privilege,
                "to": [
                    endpoint.host,
                    endpoint.port,
                    endpoint.username,
                    endpoint.password,
                    endpoint.cipher_suite,
                ],
            }
        )


_spare: list[ChildProcess] = []
"""At most one, of this very process: a copy of it that a fork has would be no child of the fork's."""


def start_spare() -> None:
    """Start the process that the next conversation from here will take instead of a new one."""
    if not _spare:
        _spare.append(ChildProcess())


def take_child() -> ChildProcess:
    """The spare process, if there is one and it lives, or a new one. It has talked to nobody."""
    while _spare:
        spare = _spare.pop()
        if spare.is_alive():
            return spare
        spare.kill()
    return ChildProcess()
