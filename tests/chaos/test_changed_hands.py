"""A server that changes hands: nothing more is done to it in the old owner's name, wherever its job stands."""

from __future__ import annotations

import pytest

from bmc.memory import MemoryBmc, plugged_in
from opsportal.db import unit_of_work
from opsportal.domain.hardware import claims
from opsportal.domain.provisioning import machines
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import HardwareJob, JobKind, Server
from tests.builders import make_company, make_service
from tests.integration.provisioning.conftest import place
from tests.integration.provisioning.rack import Place
from tests.stock import hand_over
from tests.workers.site import click, job_of, let_lease_expire, rent_server, server_of
from workers import clock, hardware
from workers.hardware.running import Reaching

__all__ = ["place"]
pytestmark = [pytest.mark.usefixtures("portal"), pytest.mark.xdist_group("protections")]
IS_TAKEN_OUT = pytest.mark.parametrize("is_taken_out", [False, True], ids=["in place", "taken out"])


def hand_on(server: Server) -> None:
    """Another company rents it from now on, by whatever code and without asking anybody."""
    other = make_service(make_company())
    with unit_of_work() as unit:
        hand_over(unit, server.id or 0, other.id)


def _take_out(monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    if is_taken_out:
        monkeypatch.setattr(claims, "has_changed_hands", lambda *_: False)


@IS_TAKEN_OUT
def test_before_a_worker_begins(monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    machine = MemoryBmc()
    with plugged_in("127.9.1.1", machine) as endpoint:
        server = rent_server(endpoint)
        job_id = click(server, JobKind.POWER_OFF)
        hand_on(server)
        _take_out(monkeypatch, is_taken_out)
        hardware.run_job(job_id)
    assert [str(goal) for goal in machine.commands] == (["off"] if is_taken_out else [])
    if not is_taken_out:
        job = job_of(job_id)
        assert (job.status, job.outcome_code, job.commands_sent) == ("cancelled", "changed_hands", 0)
        assert server_of(server).lease_job_id is None


@IS_TAKEN_OUT
def test_between_the_read_and_the_command(monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    machine = MemoryBmc()
    real = Reaching.before_command
    with plugged_in("127.9.1.2", machine) as endpoint:
        server = rent_server(endpoint)
        job_id = click(server, JobKind.REBOOT)

        def handed_on(self: Reaching) -> None:
            if machine.commands:  # it is off: about to be switched on again
                hand_on(server)
            real(self)

        monkeypatch.setattr(Reaching, "before_command", handed_on)
        _take_out(monkeypatch, is_taken_out)
        hardware.run_job(job_id)
    assert [str(goal) for goal in machine.commands] == (["off", "on"] if is_taken_out else ["off"])
    if not is_taken_out:
        assert (job_of(job_id).status, job_of(job_id).outcome_code) == ("failed", "changed_hands")


@IS_TAKEN_OUT
def test_before_a_lost_reboot_is_carried_on(monkeypatch: pytest.MonkeyPatch, is_taken_out: bool) -> None:
    class Died(BaseException):
        pass

    machine = MemoryBmc()
    real = Reaching.before_command

    def dies(self: Reaching) -> None:
        if machine.commands:
            raise Died
        real(self)

    with plugged_in("127.9.1.3", machine) as endpoint:
        server = rent_server(endpoint)
        job_id = click(server, JobKind.REBOOT)
        with monkeypatch.context() as patch:
            patch.setattr(Reaching, "before_command", dies)
            with pytest.raises(Died):
                hardware.run_job(job_id)
        let_lease_expire(server)
        clock.reconcile()
        assert job_of(job_id).status == "unknown"
        hand_on(server)
        _take_out(monkeypatch, is_taken_out)
        hardware.reconcile_job(job_id)
    assert [str(goal) for goal in machine.commands] == (["off", "on"] if is_taken_out else ["off"])
    job = job_of(job_id)
    assert (job.status, job.outcome_code) == (
        ("succeeded", "reconciled") if is_taken_out else ("failed", "changed_hands")
    )


def test_a_server_that_nobody_rented_is_somebodys_by_now() -> None:
    """Staff's job on a machine in stock, which a client has got meanwhile."""
    machine = MemoryBmc()
    with plugged_in("127.9.1.5", machine) as endpoint:
        server = rent_server(endpoint)
        job_id = click(server, JobKind.POWER_OFF)
        with unit_of_work() as unit:
            unit.get_one(HardwareJob, job_id).company_id = None
        hardware.run_job(job_id)
    assert (machine.commands, job_of(job_id).outcome_code) == ([], "changed_hands")


@IS_TAKEN_OUT
def test_an_installer_that_waits_at_the_boot_service(
    place: Place, monkeypatch: pytest.MonkeyPatch, is_taken_out: bool
) -> None:
    """Ordered and armed by the old owner; the machine asks after the server was handed on."""
    place.reinstall()
    place.work()
    hand_on(place.server)
    if is_taken_out:
        monkeypatch.setattr(machines, "has_changed_hands", lambda *_: False)
    assert (place.script() == LOCAL_DISK) is not is_taken_out
