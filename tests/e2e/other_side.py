"""What a button has done at the other side: to the virtual machine of a server, and to its port of the lab's switch."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lab.bmcs.client import ask, read_fleet, read_newcomers
from lab.switch.client import read_switches
from switches.agents import Agent
from switches.port_control import SnmpPortControl
from tests.e2e.portal import Portal, wait_until

ENDS_WITHIN_S = 240.0
ENDS_MS = ENDS_WITHIN_S * 1_000
"""A machine boots and does something; on a machine that does much else meanwhile."""
_PORT = """
    SELECT switch.name, port.if_index, port.id FROM port_link link
    JOIN switch_port port ON port.id = link.port_id JOIN switch ON switch.id = port.switch_id
    WHERE link.server_id = %s AND link.valid_until IS NULL
"""


class OtherSide:
    """The machine that a server of the portal really is, what was done to it since now, and its switch port."""

    def __init__(self, portal: Portal, server: str, *, since: float | None = None) -> None:
        """`since`: 0 for all that it has ever done."""
        self.portal, self.server = portal, server
        self.id = portal.server_id(server)
        self.since = time.time() if since is None else since
        self._lab = portal.data / "lab"
        (mac,) = portal.rows("SELECT mac FROM server WHERE id = %s", self.id)[0]
        self.identity = next(
            one for one in (*read_fleet(self._lab), *read_newcomers(self._lab)) if one["mac"] == mac
        )
        self.node = str(self.identity["name"])
        newest = portal.rows("SELECT coalesce(max(id), 0) FROM hardware_job")[0][0]
        self._first_job = 0 if since == 0 else newest

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """An operation of the lab on the machine: see `lab.bmcs.control`."""
        answer: dict[str, Any] = ask(self._lab, op, name=self.node, **fields)
        return answer

    @property
    def power(self) -> str:
        return str(self.ask("show")["power"])

    def seen(self, kind: str) -> list[str]:
        """The commands that reached the machine since we look, or the effects that they had."""
        journal = self.ask("show")["journal"]
        return [one["what"] for one in journal if one["kind"] == kind and one["at"] >= self.since]

    def record(self) -> dict[str, Any]:
        """What machine and BMC remember, with the BMC's users. Only after something was done to it."""
        kept: dict[str, Any] = json.loads((self._lab / "machines" / f"{self.node}.json").read_text())
        return kept

    def wait_for(self, **goal: str) -> None:
        """Until the machine is at this `stage` or has this `power`."""
        self.ask("wait", timeout=ENDS_WITHIN_S, **goal)

    def jobs(self, columns: str = "kind, status") -> list[tuple[Any, ...]]:
        """The server's jobs since we look, in their order."""
        return self.portal.rows(
            f"SELECT {columns} FROM hardware_job WHERE server_id = %s AND id > %s ORDER BY id",
            self.id,
            self._first_job,
        )

    def wait_for_jobs(self, *wanted: tuple[str, str]) -> None:
        """Until the server's jobs since we look are these, each a kind and its status."""
        wait_until(
            lambda: self.jobs() == list(wanted), timeout=ENDS_WITHIN_S, what=f"{self.server} has had {wanted}"
        )

    def trail(self, tag: str) -> list[tuple[Any, ...]]:
        """Who has done that to the server since we look, by the audit trail."""
        return self.portal.rows(
            "SELECT actor_name FROM audit_event WHERE tag = %s AND object_kind = 'server' AND object_id = %s"
            " AND extract(epoch FROM at) >= %s ORDER BY id",
            tag,
            self.id,
            self.since,
        )

    def port_is_enabled(self) -> bool:
        """What the switch itself says of the server's port: its ifAdminStatus."""
        switch, if_index, _ = self.port()
        at = next(one for one in read_switches(self.portal.data / "switches") if one["name"] == switch)
        agent = Agent(at["host"], at["port"], community=at["community"])
        # Playwright's own event loop runs in this thread.
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(SnmpPortControl(agent, agent).read, if_index).result().is_enabled

    def port(self) -> tuple[str, int, int]:
        """The name of the switch, the port's ifIndex and its number in the portal: once the switch was asked."""

        def found() -> tuple[Any, ...]:
            return self.portal.rows(_PORT, self.id)[0]

        wait_until(lambda: found()[1] is not None, what=f"the port of {self.server} was seen")
        switch, if_index, port_id = found()
        return str(switch), int(if_index), int(port_id)
