"""The Reinstall tab of a server's page. Orders come by plain HTTP (web/provisioning.py); this only shows."""

from __future__ import annotations

import reflex as rx

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.consoles import topics as console_topics
from opsportal.domain.hardware import fleet, topics
from opsportal.domain.hardware.requests import find_obstacle
from opsportal.domain.provisioning import readiness, systems
from opsportal.domain.provisioning.disks import Disk
from opsportal.domain.provisioning.systems import OfferedLayout, OfferedSystem
from opsportal.domain.provisioning.timelines import KINDS, list_timelines
from opsportal.models import ACTIVE_JOB, JobKind, SerialLog
from opsportal.state.provisioning.rows import installation_view
from opsportal.state.provisioning.views import (
    CheckView,
    DiskView,
    InstallationView,
    LayoutView,
    ReinstallView,
    SerialView,
    SystemView,
)
from opsportal.state.showing import StateView
from opsportal.state.views import ProblemView


class ReinstallState(rx.State):
    """What the tab shows: the newest installation, what can be ordered, and what was done."""

    reinstall: ReinstallView = ReinstallView()
    serial: SerialView = SerialView()
    problem: ProblemView = ProblemView()
    serial_problem: ProblemView = ProblemView()


def read_reinstall(unit: Unit, actor: Actor, server_id: int) -> ReinstallView:
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.SERVER_REINSTALL)
    shown = [installation_view(one, actor=actor) for one in list_timelines(actor, unit, server_id)]
    obstacle = find_obstacle(unit, actor, server_id)
    return ReinstallView(
        is_ready=True,
        server_id=server_id,
        name=server.name,
        blocked=obstacle.code if obstacle else "",
        blocked_params=dict(obstacle.params) if obstacle else {},
        systems=system_views(unit, actor, server_id),
        boots=[*map(str, systems.offered_boots(actor, unit, server_id)), JobKind.BOOT_DISK],
        disks=disk_views(unit, actor, server_id),
        checks=[
            CheckView(check.name, check.known) for check in readiness.list_checks(actor, unit, server_id)
        ],
        now=shown[0] if shown else InstallationView(),
        past=shown,
    )


def system_views(unit: Unit, actor: Actor, server_id: int) -> list[SystemView]:
    """What can be installed, with the layouts that these disks allow."""
    return [_system(one) for one in systems.offered_systems(actor, unit, server_id)]


def disk_views(unit: Unit, actor: Actor, server_id: int) -> list[DiskView]:
    return [_disk(one) for one in systems.list_disks(actor, unit, server_id)]


def _system(offered: OfferedSystem) -> SystemView:
    system = offered.system
    return SystemView(system.id or 0, system.name, system.version, [_layout(one) for one in offered.layouts])


def _layout(offered: OfferedLayout) -> LayoutView:
    layout, refusal = offered.layout, offered.refusal
    return LayoutView(
        id=layout.code,
        fits=refusal is None,
        disks=layout.disks,
        code=refusal.code if refusal else "",
        params=dict(refusal.params) if refusal else {},
    )


def _disk(disk: Disk) -> DiskView:
    return DiskView(disk.name, disk.is_by_place, disk.text, disk.size_gb)


def read_serial(unit: Unit, actor: Actor, server_id: int) -> SerialView:
    newest = next(iter(fleet.list_server_jobs(actor, unit, server_id, kinds=KINDS, limit=1)), None)
    if newest is None:
        return SerialView()
    log = unit.get(SerialLog, newest.id)
    return SerialView(newest.id or 0, log.chunks if log else 0, newest.status in ACTIVE_JOB)


REINSTALL = StateView(
    "reinstall",
    ReinstallState,
    "reinstall",
    read_reinstall,
    lambda _, server_id: frozenset({topics.server(server_id)}),
    is_personal=True,  # who has taken a job over may start others
    empty=ReinstallView(),
)
SERIAL = StateView(
    "serial",
    ReinstallState,
    "serial",
    read_serial,
    lambda _, server_id: frozenset({topics.server(server_id), console_topics.server_serial(server_id)}),
    problem_var="serial_problem",
    empty=SerialView(),
)
