"""What is left of a program that dies is ended, however early in its life that happened."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack import leftovers, reaper, tether
from stack.disposable import state_directory
from stack.programs import Program
from stack.supervision import Supervisor
from tests.stack.waiting import wait_until

LEAVES_A_CHILD = "sleep 1000 & echo $! >> children; {then}"


@pytest.fixture
def directory() -> Iterator[Path]:
    with state_directory() as directory:
        directory.mkdir(exist_ok=True)
        yield directory


@pytest.mark.parametrize("then", ["exit 1", "sleep 1.5; exit 1"], ids=["at-once", "later"])
def test_children_of_a_dead_program_are_ended(directory: Path, then: str) -> None:
    program = Program("brief", ("/bin/sh", "-c", LEAVES_A_CHILD.format(then=then)), directory=directory)
    lock = directory / "lock"
    with tether.held(lock):
        supervisor = Supervisor(
            directory, socket_path=directory / "supervisor.sock", logs=directory, lock=lock
        )
        supervisor.start([program], os.environ | {leftovers.MARK: leftovers.mark_for(directory)})
        try:
            supervisor.launch([program])
            wait_until(lambda: len(_children(directory)) > 1)
            first = _children(directory)[0]
            wait_until(lambda: not _runs(first))
        finally:
            supervisor.stop()
            leftovers.end(leftovers.mark_for(directory), [])


def test_a_program_that_was_stopped_between_two_attempts_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of it supervisord tells the process number 0, which stands for the reaper's own group."""
    ended: list[int] = []
    monkeypatch.setattr(reaper, "end_group", ended.append)
    told = "processname:nobody-of-ours groupname:nobody-of-ours from_state:BACKOFF pid:0"
    reaper.main(io.StringIO(f"ver:3.0 len:{len(told)}\n{told}"), io.StringIO())
    assert ended == []


def _children(directory: Path) -> list[int]:
    file = directory / "children"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
