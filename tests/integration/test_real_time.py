"""All processes, real time, nothing helped along: a lease runs out and the clock notices."""

from __future__ import annotations

import signal

import pytest

from opsportal.integrations import queue_watch
from opsportal.models import JobKind
from stack.disposable import Run
from tests.bmc.ipmi_sim import StartBmc
from tests.workers.conftest import running_site
from tests.workers.site import (
    AT_READ_BACK,
    click,
    is_running,
    rent_server,
    send,
    server_of,
    until,
    until_status,
)

pytestmark = pytest.mark.xdist_group("real-time")


def test_killed_job_ends_by_itself_and_the_operator_sees_who_works(
    databases: Run, worker: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory, start_bmc: StartBmc
) -> None:
    machine = start_bmc()
    directory = tmp_path_factory.mktemp("site")
    with running_site(databases, worker, redis_url, directory, LEASE_S="8", POWER_DEADLINE_S="40") as site:
        for words in (("dispatcher",), ("worker", "default"), ("schedule",)):
            site.start(*words)
        site.hands(1)
        until(lambda: [one.workers for one in queue_watch.look().queues if one.name == "default"] == [1])
        server = rent_server(machine.endpoint)
        with site.gate(*AT_READ_BACK) as gate:
            job_id = click(server, JobKind.POWER_OFF)
            gate.wait()
            seen = queue_watch.look()
            horse = site.busy_hand().horse()
            send(signal.SIGKILL, [horse])
            until(lambda: not is_running(horse))
        (hand,) = [one for one in seen.workers if one.queue == "hardware"]
        assert (hand.is_alive, hand.state) == (True, "busy")
        assert hand.job.startswith(f"hardware_job-{job_id}-")
        assert {one.name: one.workers for one in seen.queues} == {
            "hardware": 1,
            "poll": 0,
            "billing": 0,
            "mail": 0,
            "default": 1,
        }
        job = until_status(job_id, "succeeded", "failed", timeout=180)
        assert (job.status, job.outcome_code, job.commands_sent) == ("succeeded", "reconciled", 1)
        assert (machine.commands(), server_of(server).power) == (["power off"], "off")
