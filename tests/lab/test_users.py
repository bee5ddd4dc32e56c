"""Users of a virtual BMC are made, changed and removed by our driver and by ipmitool, and outlive a crash."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import bmc
from tests.lab.labs import RunningLab, Server


def _users(known: dict[str, Any], work: Callable[[bmc.Users], Any]) -> Any:
    endpoint = bmc.Endpoint(
        known["host"], known["port"], username=known["username"], password=known["password"]
    )
    with bmc.connect(endpoint) as control:
        return work(bmc.capability(control, bmc.Users))  # type: ignore[type-abstract]


def test_a_user_comes_and_goes(server: Server) -> None:
    password = "twenty bytes exactly"

    def create(users: bmc.Users) -> list[str]:
        users.create_user("visitor", password, privilege=bmc.Privilege.OPERATOR, timeout_s=20)
        return [user.name for user in users.list_users(timeout_s=20)]

    assert _users(server.identity, create) == ["opsportal", "visitor"]
    seen = server.ipmitool("user", "list", "1", username="visitor", password=password)
    assert [line.split()[:2] for line in seen.stdout.splitlines()[1:] if "visitor" in line] == [
        ["3", "visitor"]
    ]
    _users(server.identity, lambda users: users.delete_user("visitor", timeout_s=20))
    refused = server.ipmitool("chassis", "status", username="visitor", password=password)
    assert refused.returncode != 0


def test_a_new_password_counts_at_once_and_after_a_crash(start_lab: Callable[..., RunningLab]) -> None:
    lab = start_lab(servers=1)
    server = lab.take()
    old = server.identity["password"]
    _users(
        server.identity,
        lambda users: users.set_password("opsportal", "rotated by the portal"[:20], timeout_s=20),
    )
    assert server.ipmitool("chassis", "status", password=old).returncode != 0
    lab.end(signal.SIGKILL)
    lab.start()
    assert server.identity["password"] == "rotated by the portal"[:20]
    assert server.ipmitool("chassis", "status").returncode == 0
