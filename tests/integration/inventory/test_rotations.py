"""A new password of a BMC: kept before it is sent, proved before the old one goes; refusals, lost answers, deaths."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from bmc.memory import MemoryBmc
from opsportal.db import unit_of_work
from opsportal.domain.inventory import rotation, work
from opsportal.domain.vault import unseal
from opsportal.models import Bmc, BmcRotation, HardwareJob, JobLog
from tests.integration.inventory.machines import begin_cleaning, evidence, password_on_record, run, stocked
from workers import hardware

pytestmark = pytest.mark.usefixtures("portal")


def test_new_password_is_kept_before_it_is_sent_and_proved_before_the_old_one_goes() -> None:
    class Watched(MemoryBmc):
        kept: str = ""

        def tell(self, command: str) -> None:
            with unit_of_work() as unit:
                row = unit.exec(select(BmcRotation)).one()
                assert row.sent_at is not None
                Watched.kept = unseal(row.password)
                assert unseal(unit.get_one(Bmc, row.server_id).password) == "s3cret"
            super().tell(command)

    machine = Watched(username="hands")
    with stocked(machine) as (server, actor):
        job = run(work.rotate_credentials, actor, server)
        assert (job.status, job.commands_sent) == ("succeeded", 1)
        name, password = password_on_record(server)
        assert (name, password) == ("hands", machine.password) == ("hands", Watched.kept)
        assert re.fullmatch(r"[\x21-\x7e]{20}", password)
        with unit_of_work() as unit:
            assert unit.exec(select(BmcRotation)).all() == []
            assert not any(password in line.line for line in unit.exec(select(JobLog)))


def test_factory_user_is_replaced_by_one_of_ours() -> None:
    machine = MemoryBmc(username="ADMIN")
    with stocked(machine) as (server, actor):
        begin_cleaning(actor, server)
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        name, password = password_on_record(server)
        assert (name, machine.users["opsportal"].password) == ("opsportal", password)
        assert evidence(server) == {"bmc_password": ("good", "signed_in")}


class LosesAnswers(MemoryBmc):
    """The command takes effect, and nobody hears that it did."""

    def tell(self, command: str) -> None:
        with unit_of_work() as unit:
            self.password = unseal(unit.exec(select(BmcRotation)).one().password)
        super().tell(command)


@pytest.mark.parametrize(
    ("kind", "end", "kept"),
    [
        (LosesAnswers, ("succeeded", "reconciled"), 0),
        (MemoryBmc, ("failed", "not_carried_out"), 1),  # the question was lost as well
    ],
)
def test_lost_answer_is_unknown_until_the_new_password_is_tried(
    kind: type[MemoryBmc], end: tuple[str, str], kept: int
) -> None:
    machine = kind(username="hands", lost_answers=1)
    with stocked(machine) as (server, actor):
        job = run(work.rotate_credentials, actor, server)
        assert job.status == "unknown"
        assert password_on_record(server) == ("hands", "s3cret")
        hardware.reconcile_job(job.id or 0)
        with unit_of_work() as unit:
            after = unit.get_one(HardwareJob, job.id)
            assert len(unit.exec(select(BmcRotation)).all()) == kept
        assert (after.status, after.outcome_code) == end
        assert password_on_record(server) == ("hands", machine.password)


def test_refused_password_keeps_the_old_one_and_is_used_again() -> None:
    machine = MemoryBmc(username="hands", refuses_commands=True)
    with stocked(machine) as (server, actor):
        assert run(work.rotate_credentials, actor, server).status == "failed"
        assert password_on_record(server) == ("hands", "s3cret") == ("hands", machine.password)
        with unit_of_work() as unit:
            kept = unseal(unit.exec(select(BmcRotation)).one().password)
        machine.refuses_commands = False
        assert run(work.rotate_credentials, actor, server).status == "succeeded"
        assert password_on_record(server) == ("hands", kept) == ("hands", machine.password)


def test_worker_lost_between_sending_and_proving() -> None:
    """The BMC has the new password, the record the old one: the next rotation finds the kept one working."""
    machine = MemoryBmc(username="hands")
    with stocked(machine) as (server, actor):
        with unit_of_work() as unit:
            lost = work.rotate_credentials(unit, actor, server.id or 0)
            new = rotation.begin(unit, lost.id or 0, server.id or 0)
            rotation.sent(unit, server.id or 0)
        machine.password = new.password
        hardware.run_job(lost.id or 0)
        with unit_of_work() as unit:
            assert unit.get_one(HardwareJob, lost.id).status == "succeeded"
        assert password_on_record(server) == ("hands", new.password)
        assert machine.other_commands == []  # nothing was sent a second time
