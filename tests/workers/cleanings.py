"""A machine that is being cleaned, behind a BMC of ours that holds a request until its worker has been killed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import text

from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.inventory import work
from opsportal.models import Role, Server
from tests.bmc.redfish_service import ACCOUNTS, RESET, SYSTEM, Answer, Asked, RedfishService, Reply, reference
from tests.builders import make_actor, make_server
from tests.integration.inventory.machines import begin_cleaning, refused_by_database, stock_status
from tests.workers.site import let_lease_expire
from workers import clock

BIOS = f"{SYSTEM}/Bios"
RESET_BIOS = ("POST", f"{BIOS}/Actions/Bios.ResetBios")
DELETE_USER = ("DELETE", f"{ACCOUNTS}/2")
POWER = ("POST", RESET)


class Cleaned:
    """The machine, its BMC with a tenant's user left in it, and who asks for evidence."""

    def __init__(self, service: RedfishService) -> None:
        self.service = service
        service.slots = ["hands", "tenant"]
        service.passwords = {"hands": "s3cret", "tenant": "left-behind"}
        service.roles = dict.fromkeys(service.passwords, "Administrator")
        service.resources[SYSTEM]["Bios"] = reference(BIOS)
        service.resources[BIOS] = {"Actions": {"#Bios.ResetBios": {"target": RESET_BIOS[1]}}}
        service.answers[RESET_BIOS] = lambda _: Reply(204)
        self.server: Server = make_server(endpoint=replace(service.endpoint, username="hands"))
        self.actor: Actor = make_actor(role=Role.TECHNICIAN)
        begin_cleaning(self.actor, self.server)

    def gather(self) -> int:
        """Somebody asks for evidence. The job's id."""
        with unit_of_work() as unit:
            return work.clean(unit, self.actor, self.server.id or 0).id or 0

    def hand_on(self) -> None:
        """As if the time had passed after which a dead worker is given up."""
        let_lease_expire(self.server)
        clock.reconcile()

    def speak_again(self) -> None:
        """Answer again, and as if the time had come to ask the BMC again."""
        del self.service.answers["*", "*"]
        with unit_of_work() as unit:
            unit.execute(
                text("UPDATE hardware_job SET reconcile_due_at = now() WHERE server_id = :id"),
                {"id": self.server.id},
            )
        clock.reconcile()

    @contextmanager
    def held(self, request: tuple[str, str], *, does: Answer | None) -> Iterator[threading.Event]:
        """Hold a request that comes in, until the block ends. Then it has its effect, or none; nobody hears of it."""
        came, over, done = threading.Event(), threading.Event(), threading.Event()
        usual = self.service.answers.get(request)

        def answer(asked: Asked) -> Reply:
            came.set()
            over.wait(120)
            reply = does(asked) if does else Reply(503)
            done.set()
            return reply

        self.service.answers[request] = answer
        try:
            yield came
        finally:
            over.set()
            if came.is_set():
                assert done.wait(120)
            del self.service.answers[request]
            if usual:
                self.service.answers[request] = usual

    def fall_silent(self) -> None:
        """Give no answer that could be understood."""
        self.service.answers["*", "*"] = lambda _: Reply(503)

    def was_told(self) -> list[str]:
        """Every command that has arrived, in order."""
        return [
            str(
                (asked.body or {}).get(
                    "ResetType", asked.method.lower() + " " + asked.path.rpartition("/")[2]
                )
            )
            for asked in self.service.changes()
        ]

    def is_nobodys(self) -> bool:
        """Whether the machine is still being cleaned, and the database lets nobody say otherwise."""
        refused_by_database(
            "server_cleaning_evidence",
            "UPDATE server SET stock_status = 'verified' WHERE id = :id",
            id=self.server.id,
        )
        refused_by_database(
            "server_stock_step",
            "UPDATE server SET stock_status = 'available' WHERE id = :id",
            id=self.server.id,
        )
        return stock_status(self.server) == "cleaning"


@contextmanager
def being_cleaned(directory: Path) -> Iterator[Cleaned]:
    """Such a machine, for a `with` block."""
    with RedfishService(directory) as service:
        yield Cleaned(service)
