"""From installations to views. No queries, no rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from opsportal.domain.access import Actor
from opsportal.domain.provisioning.timelines import Timeline
from opsportal.models import (
    ACTIVE_JOB,
    HardwareJob,
    JobStatus,
    JobStep,
    Milestone,
    MilestoneName,
    StepStatus,
    SystemPurpose,
)
from opsportal.state import rows
from opsportal.state.provisioning.views import InstallationView, MilestoneView
from opsportal.state.views import iso

_WITHIN_POWER_CYCLE = frozenset(
    {"read", "switch_off", "verify_off", "boot_network", "switch_on", "verify_on"}
)
"""Steps of a network boot that its milestones tell: shown only when one of them went wrong."""
_TOLD_BY_MILESTONES = "machine"
ADDRESS_GIVEN = "address_given"
"""No milestone that is waited for: a DHCP server that tells us nothing is none that gave no address."""


def installation_view(timeline: Timeline, *, actor: Actor) -> InstallationView:
    """One network boot, as far as its machine has come."""
    job, installation, system = timeline.job, timeline.installation, timeline.system
    milestones = list(_milestones(timeline))
    is_install = installation is not None and installation.purpose == SystemPurpose.INSTALL
    return InstallationView(
        job=rows.job_view(
            job, actor=actor, steps=_steps(timeline), usual=timeline.usual_s, look=timeline.look
        ),
        system=system.name if system and is_install else "",
        hostname=installation.hostname if installation and is_install else "",
        layout=installation.layout if installation else "",
        disks=list(installation.disks) if installation else [],
        progress=installation.progress if installation else 0,
        usual_s=timeline.usual_s,
        milestones=milestones,
    )


def _steps(timeline: Timeline) -> Sequence[JobStep]:
    if not timeline.milestones:
        return timeline.steps
    return [
        step
        for step in timeline.steps
        if step.name != _TOLD_BY_MILESTONES
        and (step.name not in _WITHIN_POWER_CYCLE or step.status == StepStatus.FAILED)
    ]


def _milestones(timeline: Timeline) -> Iterator[MilestoneView]:
    """Those passed are done; the first that is not happens now, or is where it went wrong."""
    job = timeline.job
    since = _checked_at(timeline)
    is_next = True
    for milestone in timeline.milestones:
        is_reached = milestone.reached_at is not None
        is_missed = is_next and not is_reached
        status = StepStatus.DONE if is_reached else _missed(job, since) if is_missed else _after(job)
        address = _address(timeline, milestone, since)
        if address is not None:
            yield address
            since = timeline.address_at
        yield MilestoneView(
            name=milestone.name,
            status=status,
            since=iso(since) if status in (StepStatus.DONE, StepStatus.RUNNING) else "",
            reached_at=iso(milestone.reached_at),
            usual_s=0 if address else milestone.usual_s,  # (which counts from the one before the address)
            is_late=is_missed and milestone.late_at is not None,
            diagnosis=(milestone.diagnosis or "") if is_missed and job.status in ACTIVE_JOB else "",
        )
        is_next = is_next and is_reached
        since = milestone.reached_at


def _address(timeline: Timeline, milestone: Milestone, since: dt.datetime | None) -> MilestoneView | None:
    """That the machine was given an address on its way to the boot script, where that is known."""
    at = timeline.address_at
    if at is None or since is None or milestone.name != MilestoneName.NETWORK_BOOT:
        return None
    return MilestoneView(ADDRESS_GIVEN, StepStatus.DONE, since=iso(min(since, at)), reached_at=iso(at))


def _checked_at(timeline: Timeline) -> dt.datetime | None:
    """When everything had been checked and the machine's own way began."""
    done = {step.name: step.finished_at for step in timeline.steps if step.status == StepStatus.DONE}
    return done.get("preflight")


def _missed(job: HardwareJob, since: dt.datetime | None) -> StepStatus:
    """What the first milestone that was not passed is called."""
    if since is None:
        return _after(job)
    if job.status in ACTIVE_JOB:
        return StepStatus.RUNNING
    return StepStatus.FAILED if job.status == JobStatus.FAILED else StepStatus.SKIPPED


def _after(job: HardwareJob) -> StepStatus:
    return StepStatus.WAITING if job.status in ACTIVE_JOB else StepStatus.SKIPPED
