"""A person takes a server back from the machine at work on it: it ends, once and for good, and the server is known."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from bmc import PowerGoal
from opsportal.db import unit_of_work
from opsportal.domain.access import Actor
from opsportal.domain.provisioning import progress
from opsportal.domain.provisioning.refusals import BootRefused, ConfirmationWrong, JobNotWaiting
from opsportal.domain.provisioning.stopping import stop_waiting
from opsportal.domain.refusals import NotFound, Refusal
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import AuditEvent, HardwareJob, JobKind, Role
from tests.builders import make_actor, make_company
from tests.doors import world
from tests.integration.provisioning.rack import Place
from tests.workers.site import let_lease_expire
from workers import clock, hardware

OFF, ON = PowerGoal.OFF, PowerGoal.ON
WAYS = {JobKind.POWER_OFF: [OFF], JobKind.BOOT_DISK: [OFF, ON]}


def _waiting(place: Place) -> None:
    """A reinstall whose installer has begun to write."""
    place.reinstall()
    place.work()
    place.boot_installer()
    place.fetch("image")
    place.report("disk_prepared")
    place.bmc.commands.clear()


def _stop(
    place: Place, actor: Actor, then: JobKind = JobKind.POWER_OFF, typed: str | None = None
) -> HardwareJob:
    with unit_of_work() as unit:
        name = place.server.name if typed is None else typed
        return stop_waiting(unit, actor, place.job_id, then=then, confirmation=name)


def _refused(place: Place, actor: Actor, refusal: type[Refusal], typed: str | None = None) -> None:
    before = world.everything()
    with pytest.raises(refusal):
        _stop(place, actor, typed=typed)
    assert world.everything() == before


@pytest.mark.parametrize("then", WAYS)
def test_ends_for_good_and_leaves_the_server_in_a_known_state(place: Place, then: JobKind) -> None:
    _waiting(place)
    follower = _stop(place, place.actor, then)
    assert (place.end, place.installation().stage) == (("cancelled", "stopped"), "ended")
    assert place.installation().password_hash is None
    # Nothing more leaves, nothing that the machine says counts, and a start is one from the disk.
    before = world.everything()
    for name in ("kernel", "finish.sh", "shadow"):
        with pytest.raises(BootRefused):
            place.fetch(name)
    for milestone in ("system_written", "answers", "failed"):
        with pytest.raises(BootRefused):
            place.report(milestone, "other" if milestone == "failed" else "")
    assert place.script() == LOCAL_DISK
    assert world.everything() == before

    hardware.run_job(follower.id or 0)
    with unit_of_work() as unit:
        done = unit.get_one(HardwareJob, follower.id)
        tags = unit.exec(select(AuditEvent.tag).where(col(AuditEvent.object_id) == place.server.id)).all()
    assert (done.kind, done.status, done.outcome_code) == (then, "succeeded", "verified")
    assert place.bmc.commands == WAYS[then]
    assert "job:stopped" in tags
    assert place.end == ("cancelled", "stopped")


def test_staff_may_and_others_may_not(place: Place) -> None:
    _waiting(place)
    _refused(place, make_actor(company=make_company()), NotFound)
    for typed in ("", place.server.name.upper(), "another-server"):
        _refused(place, place.actor, ConfirmationWrong, typed)
    assert _stop(place, make_actor(role=Role.TECHNICIAN)).kind == JobKind.POWER_OFF


def test_only_a_machine_at_work_is_stopped(place: Place) -> None:
    """Not what waits for a worker, not what a worker holds, not what has ended meanwhile."""
    place.reinstall()
    _refused(place, place.actor, JobNotWaiting)
    place.work()
    place.boot_installer()
    place.install()
    assert place.end == ("succeeded", "verified")
    _refused(place, place.actor, JobNotWaiting)


def test_a_job_that_its_worker_lost_is_not_stopped_before_it_waits(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody knows whether a worker is at it, the reconciler decides first; then a person may."""

    class Died(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Died

    place.reinstall()
    with monkeypatch.context() as patch:
        patch.setattr(progress, "leave_to_machine", dies)
        with pytest.raises(Died):
            place.work()
    place.boot_installer()
    _refused(place, place.actor, JobNotWaiting)
    let_lease_expire(place.server)
    clock.reconcile()
    _refused(place, place.actor, JobNotWaiting)
    hardware.reconcile_job(place.job_id)
    assert place.end == ("waiting", None)
    _stop(place, place.actor)
    assert place.end == ("cancelled", "stopped")
