"""Faults planted in the rotation of a BMC's password: whatever dies, what is on record opens the BMC."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlmodel import select

from bmc.memory import MemoryBmc, MemoryPower, plugged_in
from opsportal.db import Unit, unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.consoles import access_work
from opsportal.domain.hardware import claims
from opsportal.domain.inventory import rotation, work
from opsportal.domain.inventory.rotation import SignIn
from opsportal.domain.vault import unseal
from opsportal.models import Bmc, BmcRotation, Role, Server
from tests.builders import make_actor, make_server
from tests.chaos.test_planted import IS_PLANTED, Died
from tests.integration.test_protections import take_out
from tests.workers.site import let_lease_expire
from workers import clock, hardware
from workers.hardware import credentials

pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]


@dataclass
class Kept:
    """A machine in quarantine, and who looks after it."""

    server: Server
    actor: Actor
    machine: MemoryBmc

    def rotate(self) -> int:
        with unit_of_work() as unit:
            return work.rotate_credentials(unit, self.actor, self.server.id or 0).id or 0

    def has_a_way_in(self) -> bool:
        """Whether anything on record is what the BMC wants to hear."""
        with unit_of_work() as unit:
            rows = [unit.get_one(Bmc, self.server.id), *unit.exec(select(BmcRotation))]
            return self.machine.password in {unseal(row.password) for row in rows}


@contextmanager
def kept(host: str) -> Iterator[Kept]:
    machine = MemoryBmc(username="hands")
    with plugged_in(host, machine) as endpoint:
        yield Kept(make_server(endpoint=endpoint), make_actor(role=Role.TECHNICIAN), machine)


def _dies_once_it_has_it(monkeypatch: pytest.MonkeyPatch, job_id: int) -> None:
    """The BMC has the new password, and the worker is dead before it can write anything."""
    real = MemoryPower.set_password

    def dies(self: MemoryPower, name: str, password: str, *, timeout_s: float) -> None:
        real(self, name, password, timeout_s=timeout_s)
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(MemoryPower, "set_password", dies)
        with pytest.raises(Died):
            hardware.run_job(job_id)


@IS_PLANTED
def test_a_password_sent_before_it_is_kept(monkeypatch: pytest.MonkeyPatch, is_planted: bool) -> None:
    with kept("127.9.4.1") as one:
        if is_planted:
            fresh = SignIn("hands", rotation.new_password())
            monkeypatch.setattr(rotation, "begin", lambda *_: fresh)
            monkeypatch.setattr(rotation, "sent", lambda *_: True)
        _dies_once_it_has_it(monkeypatch, one.rotate())
        assert one.has_a_way_in() is not is_planted


@IS_PLANTED
def test_a_kept_password_that_the_next_attempt_replaces(
    monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """The BMC may have the one that a lost worker has sent: whoever begins anew must try that one first."""
    real = rotation.begin

    def forgetful(unit: Unit, job_id: int, server_id: int) -> SignIn:
        if (row := unit.get(BmcRotation, server_id)) is not None:
            unit.delete(row)
            unit.flush()
        return real(unit, job_id, server_id)

    with kept("127.9.4.2") as one:
        job_id = one.rotate()
        _dies_once_it_has_it(monkeypatch, job_id)
        with unit_of_work() as unit:  # nobody could ask: the job is a person's business
            unit.connection().exec_driver_sql(
                "UPDATE hardware_job SET status = 'failed', finished_at = now() WHERE id = %s", (job_id,)
            )
        if is_planted:
            monkeypatch.setattr(rotation, "begin", forgetful)
        hardware.run_job(one.rotate())
        assert one.has_a_way_in() is not is_planted


@IS_PLANTED
def test_an_old_password_forgotten_before_the_new_one_has_worked(
    monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """The BMC says yes and keeps the old one."""
    monkeypatch.setattr(MemoryPower, "set_password", lambda *_, **__: None)
    with kept("127.9.4.3") as one:
        if is_planted:
            monkeypatch.setattr(credentials, "_greet", lambda *_: None)
        hardware.run_job(one.rotate())
        assert one.has_a_way_in() is not is_planted


@IS_PLANTED
def test_a_password_sent_by_a_worker_that_was_overtaken(
    monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """It was frozen before it sent; another has proved a password of its own meanwhile."""
    with kept("127.9.4.4") as one:
        real = rotation.sent

        def overtaken(unit: Unit, server_id: int) -> bool:
            is_sent = real(unit, server_id)
            unit.commit()
            let_lease_expire(one.server)
            clock.reconcile()
            return is_sent

        monkeypatch.setattr(rotation, "sent", overtaken)
        if is_planted:
            monkeypatch.setattr(claims, "announce_command", lambda *_, **__: None)
        hardware.run_job(one.rotate())
        assert bool(one.machine.other_commands) is is_planted
        assert one.has_a_way_in()


@IS_PLANTED
def test_a_password_sent_while_somebody_is_at_the_users(
    monkeypatch: pytest.MonkeyPatch, is_planted: bool
) -> None:
    """A temporary user is being made on the same BMC: two at once could take the same slot."""
    monkeypatch.setattr(access_work, "is_held", lambda *_: True)
    with kept("127.9.4.5") as one:
        if is_planted:
            take_out(monkeypatch, rotation, "sent", "if access_work.is_held(unit, server_id):", "if False:")
        hardware.run_job(one.rotate())
        assert bool(one.machine.other_commands) is is_planted
        assert one.has_a_way_in()
