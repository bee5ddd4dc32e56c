"""Ends what a dead program left behind: an event listener of supervisord.

When a program is killed, its own children go on: a server's worker would keep the port from its
successor. supervisord makes every program the leader of a process group, so what is left of the group
is exactly what is left of the program. (RQ's job processes leave that group on purpose: a job goes on.)

The protocol is in supervisord.org/events.html: READY, one header line, its payload, RESULT. Of a program
that ends within its first second supervisord tells the name only: what it left is found by the
environment that supervisord gave it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import TextIO

import psutil

from stack.leftovers import MARK

EVENTS = ("PROCESS_STATE_EXITED", "PROCESS_STATE_STOPPED", "PROCESS_STATE_BACKOFF")
NAME = "SUPERVISOR_PROCESS_NAME"
"""supervisord sets it for every program (supervisord.org/subprocess.html)."""


def main(events: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> None:
    """Handles events until supervisord closes the pipe."""
    while True:
        answers.write("READY\n")
        answers.flush()
        header = events.readline()
        if not header:
            return
        ended = _fields(events.read(int(_fields(header)["len"])))
        # Of one that was stopped between two attempts it is 0, which `killpg` takes for our own group.
        leader = int(ended.get("pid", 0))
        groups = [leader] if leader else orphaned_groups(ended["processname"])
        for group in groups:
            end_group(group)
        answers.write("RESULT 2\nOK")
        answers.flush()


def end_group(leader: int) -> bool:
    """Kills what is left of the process group; false when nothing is.

    While a member lives, the kernel gives the group's number to no new process.
    """
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def orphaned_groups(name: str) -> set[int]:
    """Process groups of this stack's program whose leader, the program itself, is gone."""
    mark = os.environ.get(MARK)
    return {
        group
        for process, group in _members()
        if not _leads(group)
        and (environment := _environment(process)).get(NAME) == name
        and environment.get(MARK) == mark
    }


def _members() -> Iterator[tuple[psutil.Process, int]]:
    """Every process but the dead, with the number of its group."""
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                yield process, os.getpgid(process.pid)
        except (psutil.NoSuchProcess, ProcessLookupError):
            continue


def _leads(group: int) -> bool:
    try:
        return psutil.Process(group).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}  # gone meanwhile, or somebody else's


def _fields(line: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in line.split())


if __name__ == "__main__":
    main()
