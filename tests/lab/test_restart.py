"""Killing the lab is a restart of BMC firmware: the machines behind it go on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from lab.bmcs.client import read_fleet
from tests.lab.labs import ROOT, RunningLab
from tests.tools import need_tool
from tests.workers.site import until

Start = Callable[..., RunningLab]


def test_power_addresses_and_credentials_survive_kill_9(start_lab: Start) -> None:
    need_tool("ipmitool")
    lab = start_lab(servers=3)
    first, second, third = lab.take(), lab.take(), lab.take()
    fleet = lab.fleet()
    first.ipmitool("power", "off")
    first.wait(power="off")
    second.ipmitool("chassis", "bootdev", "pxe", "options=persistent")
    third.ask("fault", kind="busy")

    assert lab.end(signal.SIGKILL) == -signal.SIGKILL
    lab.start()

    assert lab.fleet() == fleet
    assert first.ipmitool("power", "status").stdout == "Chassis Power is off\n"
    assert second.ipmitool("power", "status").stdout == "Chassis Power is on\n"
    assert second.pyghmi(["bootdev"]) == [{"bootdev": "network", "persistent": True, "uefimode": False}]
    assert third.show()["fault"] == "busy"
    assert (first.commands(), first.effects()) == (["power-off"], ["power-off"])


def test_a_power_on_that_was_under_way_happens_while_the_lab_is_dead(start_lab: Start) -> None:
    lab = start_lab(servers=1, pace=1.0)
    server = lab.take()
    server.ask("press", button="off")
    server.wait(power="off")

    assert server.pyghmi(["raw", 0, 2, [1]]) == [[0, []]]  # it takes 0.4 s
    lab.end(signal.SIGKILL)
    lab.start()

    server.wait(power="on")
    assert server.effects() == ["power-off", "power-on"]
    asked, happened = server.show()["journal"][-2:]
    assert happened["at"] - asked["at"] == pytest.approx(0.4, abs=0.1)


def test_a_boot_goes_on_where_it_is(start_lab: Start) -> None:
    lab = start_lab(servers=1, pace=2.0)
    server = lab.take()
    server.ask("press", button="reset")
    until(lambda: server.show()["console"].count("GRUB loading.") == 2, what="its second boot's loader")
    before = server.show()

    lab.end(signal.SIGKILL)
    lab.start()
    assert server.show()["booted_at"] == before["booted_at"]
    after = server.wait(stage="login")

    assert (after["boots"], server.effects()) == (2, ["restart"])
    printed = [line for line in before["console"] if line]
    boot = printed[max(place for place, line in enumerate(printed) if "System BIOS" in line) :]
    assert "GRUB loading." in boot
    assert [line for line in server.show()["console"] if line][: len(boot)] == boot


def test_a_soft_shutdown_that_was_under_way_ends(start_lab: Start) -> None:
    lab = start_lab(servers=1, pace=1.0)
    server = lab.take()
    assert server.ask("press", button="soft")["stage"] == "stopping"

    lab.end(signal.SIGKILL)
    lab.start()

    server.wait(power="off")
    assert server.effects() == ["power-off"]


def test_growing_keeps_the_servers_there_are(start_lab: Start) -> None:
    lab = start_lab(servers=2)
    fleet = lab.fleet()
    lab.take().ask("press", button="off")
    lab.end()

    lab.servers = 5
    lab.start()
    assert lab.fleet()[:2] == fleet
    assert len(lab.fleet()) == 5

    grown = lab.fleet()
    lab.end()
    lab.servers = 1
    lab.start()
    assert lab.fleet() == grown[:1]

    lab.end()
    lab.servers = 5
    lab.start()
    assert lab.fleet() == grown


def test_told_to_stop_it_ends_at_once(start_lab: Start) -> None:
    lab = start_lab(servers=24)
    for number in (signal.SIGTERM, signal.SIGINT):
        began = time.monotonic()
        assert lab.end(number) == 0
        assert time.monotonic() - began < 30
        lab.start()
    assert lab.log.splitlines()[1].endswith(" info stopped")


def test_the_log_is_one_line_for_each_command_and_effect(start_lab: Start) -> None:
    lab = start_lab(servers=1)
    server = lab.take()
    server.pyghmi(["raw", 0, 2, [0]])
    server.wait(power="off")
    assert [line.split(" ", 1)[1] for line in lab.log.splitlines()[1:]] == [
        "info command machine=node-001 what=power-off by=bmc",
        "info effect machine=node-001 what=power-off by=machine",
    ]


def test_three_hundred_servers_are_ready_within_seconds(start_lab: Start) -> None:
    began = time.monotonic()
    lab = start_lab(servers=300)
    assert time.monotonic() - began < 60
    assert lab.take().pyghmi(["power"]) == ["on"]


def test_a_second_lab_in_the_same_directory_is_refused(start_lab: Start) -> None:
    lab = start_lab(servers=1)
    second = _serve(lab)
    assert second.returncode == 1
    assert second.stderr == (
        f"Another lab already serves {lab.directory}; nothing was started. Use that one, or stop it first.\n"
    )
    assert lab.take().pyghmi(["power"]) == ["on"]


def test_a_successor_waits_for_a_lab_that_is_just_ending(start_lab: Start) -> None:
    lab = start_lab(servers=1)
    fleet, predecessor = lab.fleet(), lab.pid
    os.kill(predecessor, signal.SIGSTOP)
    try:
        successor = RunningLab(lab.directory, servers=1)
        threading.Timer(0.5, os.kill, (predecessor, signal.SIGKILL)).start()
        successor.start()
        assert successor.fleet() == fleet
        assert successor.end() == 0
    finally:
        lab.end(signal.SIGKILL)


def test_told_so_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'lab.bmcs', 'serve', '--servers', '1',"
        " '--with-parent', '--state', sys.argv[1]])\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        lab = psutil.Process(int(parent.stdout.readline()))
        read_fleet(tmp_path, timeout=60)
        parent.kill()
        parent.stdout.close()
    psutil.wait_procs([lab], timeout=60)
    assert not lab.is_running() or lab.status() == psutil.STATUS_ZOMBIE


def test_a_bmc_whose_port_a_stranger_took_moves_alone(start_lab: Start) -> None:
    lab = start_lab(servers=2)
    before = lab.fleet()
    lab.end()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((before[0]["host"], before[0]["port"]))
        lab.start()
        after = lab.fleet()
    assert f" warning moved machine={after[0]['name']} port={after[0]['port']}\n" in lab.log
    assert after[0] == {**before[0], "port": after[0]["port"]} != before[0]
    assert after[1] == before[1]
    assert lab.take().pyghmi(["power"]) == ["on"]


def test_one_damaged_record_costs_one_machine_its_past(start_lab: Start) -> None:
    lab = start_lab(servers=2)
    first, second = lab.take(), lab.take()
    for server in (first, second):
        server.ask("press", button="off")
        server.wait(power="off")
    lab.end()
    (lab.directory / "machines" / f"{first.name}.json").write_text('{"is_on": fa')

    lab.start()
    assert (first.show()["power"], second.show()["power"]) == ("on", "off")
    assert "warning record-unreadable machine=node-001" in lab.log


def test_a_damaged_roster_is_explained_and_left_alone(start_lab: Start) -> None:
    lab = start_lab(servers=1)
    lab.end()
    roster = lab.directory / "identities.json"
    roster.write_text("[{")
    refused = _serve(lab)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[-1].endswith("Nothing was changed; restore or remove it.")
    assert roster.read_text() == "[{"
    roster.write_text(json.dumps([]))


def _serve(lab: RunningLab) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab.bmcs", "serve", "--state", str(lab.directory), "--servers", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
