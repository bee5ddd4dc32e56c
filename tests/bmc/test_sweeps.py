"""Many BMCs at once: everybody gets an own answer, and nobody waits for somebody else's."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bmc
from bmc import PowerState
from bmc.ipmi import fleet
from bmc.ipmi.processes import ChildProcess
from bmc.memory import MemoryBmc, plugged_in
from tests.bmc.ipmi_sim import StartBmc


def codes(answers: dict[str, PowerState | bmc.BmcError]) -> dict[str, str]:
    return {
        key: answer.code if isinstance(answer, bmc.BmcError) else answer.value
        for key, answer in answers.items()
    }


@pytest.mark.parametrize("worth_a_child", [50, 1], ids=["one child", "many children"])
def test_each_bmc_gets_its_own_answer(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, worth_a_child: int
) -> None:
    monkeypatch.setattr(fleet, "_WORTH_A_CHILD", worth_a_child)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4))
    on, off, silent, closed = start_bmc(), start_bmc(is_on=False), start_bmc(), start_bmc()
    silent.fall_silent()
    closed.stop()
    endpoints = {
        "silent": silent.endpoint,
        "closed": closed.endpoint,
        "on": on.endpoint,
        "off": off.endpoint,
        "wrong password": replace(on.endpoint, password="wrong"),
        "wrong user": replace(off.endpoint, username="nobody"),
        "on again": on.endpoint,
    }
    start = time.monotonic()
    answers = bmc.sweep_power(endpoints, timeout_s=30)  # (silence is given up after five)
    assert time.monotonic() - start < 60
    assert list(answers) == list(endpoints)
    assert codes(answers) == {
        "silent": "bmc_unreachable",
        "closed": "bmc_unreachable",
        "on": "on",
        "off": "off",
        "wrong password": "bmc_credentials_refused",
        "wrong user": "bmc_user_unknown",
        "on again": "on",
    }
    assert on.commands() == off.commands() == []


def test_silent_bmcs_hold_nobody_up(start_bmc: StartBmc) -> None:
    """A BMC that hangs after signing in costs its own place among those asked at once, and no more."""
    slow, *healthy = [start_bmc() for _ in range(6)]
    slow.answer_slowly(60)
    endpoints = {str(i): simulated.endpoint for i, simulated in enumerate([slow, *healthy])}
    start = time.monotonic()
    answers = bmc.sweep_power(endpoints, timeout_s=8, concurrency=2)
    assert time.monotonic() - start < 55  # its answer comes after sixty
    assert codes(answers) == {"0": "bmc_unreachable"} | {str(i): "on" for i in range(1, 6)}


def test_an_empty_fleet_needs_no_answer() -> None:
    assert bmc.sweep_power({}) == {}


@pytest.mark.parametrize("harm", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
def test_a_lost_child_costs_only_those_it_was_busy_with(
    start_bmc: StartBmc, monkeypatch: pytest.MonkeyPatch, harm: signal.Signals
) -> None:
    silent, healthy = start_bmc(), start_bmc()
    silent.fall_silent()
    started: list[int] = []
    send = ChildProcess.send

    def harm_the_first(child: ChildProcess, **request: Any) -> None:
        send(child, **request)
        if child.pid not in started:
            started.append(child.pid)
            if len(started) == 1:
                os.kill(child.pid, harm)

    monkeypatch.setattr(ChildProcess, "send", harm_the_first)
    answers = bmc.sweep_power(
        {"silent": silent.endpoint, "healthy": healthy.endpoint},
        timeout_s=30 if harm is signal.SIGKILL else 6,  # so long it is waited for one that hangs
        concurrency=1,
    )
    assert codes(answers) == {"silent": "bmc_session_lost", "healthy": "on"}
    assert len(started) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in started)


def test_drivers_mix(start_bmc: StartBmc) -> None:
    with plugged_in("memory-1", MemoryBmc(state=PowerState.OFF)) as in_memory:
        with plugged_in("memory-2", MemoryBmc(busy_answers=9)) as busy:
            answers = bmc.sweep_power(
                {"memory": in_memory, "ipmi": start_bmc().endpoint, "busy": busy}, timeout_s=30
            )
    assert codes(answers) == {"memory": "off", "ipmi": "on", "busy": "bmc_busy"}
