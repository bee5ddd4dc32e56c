"""Ends what a dead program left behind: an event listener of supervisord.

When a program is killed, its own children go on: a server's worker would keep the port from its
successor. supervisord makes every program the leader of a process group, so what is left of the group
is exactly what is left of the program. (RQ's job processes leave that group on purpose: a job goes on.)

The protocol is in supervisord.org/events.html: READY, one header line, its payload, RESULT.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import TextIO


def main(events: TextIO = sys.stdin, answers: TextIO = sys.stdout) -> None:
    """Handles events until supervisord closes the pipe."""
    while True:
        answers.write("READY\n")
        answers.flush()
        header = events.readline()
        if not header:
            return
        payload = events.read(int(_fields(header)["len"]))
        end_group(int(_fields(payload)["pid"]))
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


def _fields(line: str) -> dict[str, str]:
    return dict(part.split(":", 1) for part in line.split())


if __name__ == "__main__":
    main()
