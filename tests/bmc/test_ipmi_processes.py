"""The child processes in which pyghmi runs: they end with their parent and never outlive a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import bmc
from bmc import PowerGoal, PowerState, processes
from bmc.ipmi import processes as ipmi_processes
from bmc.ipmi.control import IpmiPower
from tests.bmc.conftest import Witness, given_time
from tests.bmc.ipmi_sim import StartBmc

ROOT = Path(__file__).parents[2]
# Connects, reads once, tells the child's process id and then does nothing more.
PARENT = """
import sys, time
import bmc
from bmc.ipmi import processes as ipmi_processes
from bmc.ipmi.control import IpmiPower
with IpmiPower(bmc.Endpoint("127.0.0.1", int(sys.argv[1]), username="admin", password="s3cret")) as control:
    print(control.power_state(timeout_s=60), control._child.pid, "pyghmi" in str(sys.modules), flush=True)
    time.sleep(60)
"""


def children_of(pid: int) -> list[int]:
    """Process ids of the direct children, from /proc."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def ends_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    return not is_alive(pid)


def child_pid(control: IpmiPower) -> int:
    assert control._child is not None
    return control._child.pid


@pytest.mark.parametrize("child_is_stuck", [False, True], ids=["healthy", "stuck"])
def test_a_child_ends_when_its_parent_is_killed(start_bmc: StartBmc, child_is_stuck: bool) -> None:
    port = start_bmc().endpoint.port
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(port)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert parent.stdout is not None
    state, pid, knows_pyghmi = parent.stdout.readline().split()
    assert (state, knows_pyghmi) == ("on", "False")
    if child_is_stuck:
        os.kill(int(pid), signal.SIGSTOP)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert ends_within(int(pid), 30)


def test_leaving_the_block_ends_the_child_and_frees_the_session(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_FAREWELL_S", 10)  # on a busy machine, too, it may leave by itself
    simulated = start_bmc()
    with IpmiPower(simulated.endpoint) as control:
        control.power_state(timeout_s=60)
        child = control._child
    assert child is not None
    assert child._process.returncode == 0  # it was not killed
    assert not is_alive(child.pid)


def test_a_child_that_hangs_is_killed_at_the_deadline(start_bmc: StartBmc) -> None:
    simulated = start_bmc()
    with IpmiPower(simulated.endpoint) as control:
        pid = child_pid(control)
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(bmc.BmcDeadlineExceeded):
            control.set_power(PowerGoal.OFF, timeout_s=0.5)
        assert 0.4 < time.monotonic() - start < 20
        assert not is_alive(pid)
        assert simulated.commands() == []
        assert control.power_state(timeout_s=60) == PowerState.ON


def test_a_child_that_was_frozen_past_the_deadline_sends_nothing(start_bmc: StartBmc) -> None:
    """Frozen together with its parent (a paused virtual machine), it must not act when it thaws."""
    simulated = start_bmc()
    with IpmiPower(simulated.endpoint) as control:
        control.power_state(timeout_s=60)
        child = control._child
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        child.send(
            key=0,
            endpoint=simulated.endpoint,
            action="off",
            deadline=time.monotonic() + 0.1,
            stays=True,
        )
        time.sleep(0.2)
        os.kill(child.pid, signal.SIGCONT)
        assert child.receive(wait_s=60) == [{"key": 0, "failure": "bmc_deadline_exceeded"}]
    assert (simulated.power(), simulated.commands()) == (PowerState.ON, [])


def test_a_child_that_dies_is_a_lost_session_and_the_next_request_gets_another(start_bmc: StartBmc) -> None:
    simulated = start_bmc()
    with IpmiPower(simulated.endpoint) as control:
        os.kill(child_pid(control), signal.SIGKILL)
        with pytest.raises(bmc.BmcSessionLost):
            control.power_state(timeout_s=60)
        assert control.power_state(timeout_s=60) == PowerState.ON


def test_a_child_that_dies_between_command_and_read_back_costs_no_second_command(
    start_bmc: StartBmc, witness: Witness
) -> None:
    simulated = start_bmc()
    with IpmiPower(simulated.endpoint) as control:

        def kill_the_child(step: str) -> None:
            if step == "acknowledged":
                os.kill(child_pid(control), signal.SIGKILL)

        witness.listener = kill_the_child
        outcome = bmc.ensure_power(
            control,
            PowerGoal.OFF,
            deadline_s=60,
            before_command=witness.before_command,
            on_progress=witness.on_progress,
        )
    assert (outcome.state, outcome.commands_sent) == (PowerState.OFF, 1)
    assert simulated.commands() == ["power off"]


def test_an_unanswered_command_goes_out_exactly_once(start_bmc: StartBmc) -> None:
    """What a hung BMC finds in its socket when it wakes up is one command, not our retransmissions."""
    simulated = start_bmc()
    with bmc.connect(simulated.endpoint) as control:
        control.set_power(PowerGoal.ON, timeout_s=60)  # signed in, operator
        simulated.refuse_commands()
        simulated.fall_silent()
        # Which of the two it is, is decided by who notices first, the child process or we.
        with pytest.raises((bmc.BmcUnreachable, bmc.BmcDeadlineExceeded)):
            control.set_power(PowerGoal.OFF, timeout_s=5)
        simulated.wake_up()
    end = time.monotonic() + 60
    while len(simulated.commands()) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    with bmc.connect(simulated.endpoint) as control:  # everything queued before this has been handled
        assert control.power_state(timeout_s=60) == PowerState.ON
    assert simulated.commands() == ["power on", "power off"]


def test_secrets_reach_the_child_only_by_its_pipe(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "portal-secret")
    simulated = start_bmc(password="pass-word-1")
    with IpmiPower(simulated.endpoint) as control:
        control.power_state(timeout_s=60)
        proc = Path(f"/proc/{child_pid(control)}")
        visible = proc.joinpath("cmdline").read_bytes() + proc.joinpath("environ").read_bytes()
    assert b"pass-word-1" not in visible
    assert b"portal-secret" not in visible
    assert "pass-word-1" not in repr(simulated.endpoint)


def test_a_bmc_without_cipher_suite_17_is_spoken_to_in_3(start_bmc: StartBmc) -> None:
    """ipmi_sim knows suites 0 to 3 and 6; asked for 17, pyghmi falls back to 3, which is as safe."""
    simulated = start_bmc()
    with bmc.connect(replace(simulated.endpoint, cipher_suite=17)) as control:
        assert control.power_state(timeout_s=60) == PowerState.ON


def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    with bmc.connect(bmc.Endpoint("no-such-host.invalid", username="a", password="b")) as control:
        with pytest.raises((bmc.BmcUnreachable, bmc.BmcDeadlineExceeded)):
            control.power_state(timeout_s=60)


def test_a_name_that_resolves_is_dialled(start_bmc: StartBmc) -> None:
    endpoint = replace(start_bmc().endpoint, host="localhost")
    with bmc.connect(endpoint) as control:
        assert control.power_state(timeout_s=60) == PowerState.ON


def test_a_closed_port_is_unreachable(start_bmc: StartBmc) -> None:
    simulated = start_bmc()
    simulated.stop()
    with bmc.connect(simulated.endpoint) as control, pytest.raises(bmc.BmcUnreachable):
        given_time(lambda seconds: control.power_state(timeout_s=seconds), 1, 8)


def test_no_child_is_left_behind(start_bmc: StartBmc) -> None:
    simulated = start_bmc()
    before = set(children_of(os.getpid()))
    with bmc.connect(simulated.endpoint) as control:
        control.power_state(timeout_s=60)
    bmc.sweep_power({1: simulated.endpoint})
    assert set(children_of(os.getpid())) <= before  # (one of an earlier test may be reaped only now)


def test_a_process_started_ahead_is_taken_once() -> None:
    nowhere = bmc.Endpoint("127.0.0.1", 9, username="admin", password="s3cret")
    bmc.get_ready()
    (spare,) = ipmi_processes._spare
    with IpmiPower(nowhere) as control, IpmiPower(nowhere) as other:
        assert child_pid(control) == spare.pid
        assert child_pid(other) != spare.pid


def test_a_process_started_ahead_that_died_is_not_taken() -> None:
    bmc.get_ready()
    (spare,) = ipmi_processes._spare
    os.kill(spare.pid, signal.SIGKILL)
    assert ends_within(spare.pid, 60)
    with IpmiPower(bmc.Endpoint("127.0.0.1", 9, username="admin", password="s3cret")) as control:
        assert child_pid(control) != spare.pid
        assert is_alive(child_pid(control))
