"""Waiting for a start: as long as it works, and not much longer."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stack.patience import LONGEST_S, STANDSTILL_S, Patience

ROOT = Path(__file__).resolve().parents[2]
PARENT = """
import subprocess, sys
from stack.patience import work_of_children
WORK = "import time\\nwhile time.process_time() < 0.3: pass\\nprint(flush=True)\\ninput()"
print(work_of_children())
with subprocess.Popen([sys.executable, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
    child.stdout.readline()
    print(work_of_children())
    child.communicate(b"\\n")
print(work_of_children())
"""


@dataclass
class Start:
    """A start whose processes get a share of one processor, with a clock of its own."""

    share: float
    now: float = 0.0
    worked: float = 0.0
    patience: Patience = field(init=False)

    def __post_init__(self) -> None:
        self.patience = Patience(lambda: self.worked, clock=lambda: self.now)

    def given_up_after(self, missing: str = "web") -> float:
        while not self.patience.is_over(missing):
            self.now += 1
            self.worked += self.share
        return self.now


@pytest.mark.parametrize(
    ("share", "ends_after"),
    [(0.0, STANDSTILL_S), (0.1, STANDSTILL_S), (0.5, LONGEST_S), (2.0, LONGEST_S)],
)
def test_given_up_when_nobody_works_any_more(share: float, ends_after: float) -> None:
    assert Start(share).given_up_after() == pytest.approx(ends_after, abs=2)


def test_whatever_changes_is_a_sign_of_life() -> None:
    start = Start(share=0.0)
    for missing in ("web", "workers", "schedule"):
        start.now += STANDSTILL_S - 1
        assert not start.patience.is_over(missing)
    assert start.given_up_after("schedule") == pytest.approx(4 * STANDSTILL_S - 3, abs=2)


def test_work_of_children_is_that_of_those_who_run() -> None:
    """Asked in a process of its own: this one may have databases below it, whose helpers come and go."""
    ended = subprocess.run(
        [sys.executable, "-c", PARENT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, while_it_runs, after = map(float, ended.stdout.split())
    assert (before, after) == (0.0, 0.0)
    assert while_it_runs >= 0.2
