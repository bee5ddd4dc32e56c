"""One claimed job while it is being carried out: what a handler may do, and what it must prove first."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager

import bmc
from opsportal.db import Unit, unit_of_work
from opsportal.domain.hardware import claims
from opsportal.domain.hardware.claims import Claim, LeaseLost
from opsportal.models import Power, StepStatus
from opsportal.settings import settings
from workers.hardware.bmcs import connect_to


class Running:
    """A job in a worker's hands. Every method raises `LeaseLost` once the server is no longer this worker's.

    `in_doubt`: a command may have left and nobody has read back what it did.
    `is_waiting`: the server was left to itself, or the job has ended: there is nothing more to write.
    `is_half_done`: something was changed and the job is not at its end, so that failing is not enough.
    """

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.is_waiting = False
        self.in_doubt = False
        self.is_half_done = False
        self.seen: Power | None = None

    @property
    def server_id(self) -> int:
        return self.claim.server_id

    @property
    def job_id(self) -> int:
        return self.claim.job_id

    def connect(self) -> AbstractContextManager[bmc.PowerControl]:
        """The server's BMC. Raises BmcError."""
        return connect_to(self.server_id)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Carry out a named step; a BmcError marks it as failed with its code."""
        with unit_of_work() as unit:
            claims.begin_step(unit, self.claim, name)
        try:
            yield
        except bmc.BmcError as error:
            self._end_step(name, StepStatus.FAILED, error.code)
            raise
        self._end_step(name, StepStatus.DONE, "")

    def _end_step(self, name: str, status: StepStatus, note_code: str) -> None:
        with unit_of_work() as unit:
            claims.note_step(unit, self.claim, name, note_code=note_code, status=status)

    def skip_step(self, name: str, *, note_code: str) -> None:
        """Say that a step was not needed, and why."""
        with unit_of_work() as unit:
            claims.skip_step(unit, self.claim, name, note_code=note_code)

    def before_command(self, command: str) -> None:
        """Prove the right to act and write the command down, committed, before it is sent."""
        with unit_of_work() as unit:
            claims.announce_command(unit, self.claim, command=command)
        self.in_doubt = True

    def command_done(self, line: str) -> None:
        """The command before is known to have had its effect; `line` says how that is known."""
        with unit_of_work() as unit:
            claims.command_done(unit, self.claim, line=line)
        self.in_doubt = False

    def log(self, line: str) -> None:
        """A line for staff: no secrets, nothing that a machine or a client wrote."""
        with unit_of_work() as unit:
            claims.write_line(unit, self.claim, line)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Unit]:
        """A transaction that holds only while the server is this worker's: one that was frozen writes nothing."""
        with unit_of_work() as unit:
            claims.renew(unit, self.claim)
            yield unit

    def renew(self) -> None:
        """Prolong the lease. At least every third of `settings().lease_s` during long exchanges."""
        with unit_of_work() as unit:
            claims.renew(unit, self.claim)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease beside one exchange that may take longer than it."""
        over = threading.Event()
        lost: list[LeaseLost] = []

        def keep() -> None:
            while not over.wait(settings().lease_s / 3):
                try:
                    self.renew()
                except LeaseLost as error:
                    lost.append(error)
                    return

        keeper = threading.Thread(target=keep, name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
        if lost:
            raise lost[0]

    def begin_round(self, line: str) -> None:
        """Let the job's steps be taken once more from the first one on; `line` says which time it is."""
        with unit_of_work() as unit:
            claims.begin_round(unit, self.claim, line=line)

    def reach(
        self,
        control: bmc.PowerControl,
        goal: bmc.PowerGoal,
        *,
        goes_on: bool = False,
        ends_job: bool = False,
    ) -> None:
        """Bring the server to a power goal and keep what was read back. `goes_on`: not the job's last goal;
        `ends_job`: reaching it is all that was asked for, so the job ends with it as succeeded.

        The job needs the steps `read`, `switch_{goal}` and `verify_{goal}`.
        """
        reaching = Reaching(self, goal)
        outcome = bmc.ensure_power(
            control,
            goal,
            deadline_s=settings().power_deadline_s,
            before_command=reaching.before_command,
            on_progress=reaching.on_progress,
        )
        with unit_of_work() as unit:
            if outcome.was_already:
                claims.skip_step(unit, self.claim, f"switch_{goal}", note_code=f"was_{goal}")
                claims.begin_step(unit, self.claim, f"verify_{goal}")
            state = Power(outcome.state.value)
            claims.phase_done(unit, self.claim, state, goes_on=goes_on, ends_job=ends_job)
        self.in_doubt = False
        self.is_half_done = goes_on
        self.is_waiting = ends_job


_NO_EXCHANGE_AFTER = frozenset({"read", "acknowledged", "unconfirmed", "verified"})
"""What the library says right before it says something else, or ends: a transaction of the job follows at once,
which proves the fence and renews the lease."""


class Reaching:
    """Turns the library's progress towards one power goal into the job's steps."""

    def __init__(self, running: Running, goal: bmc.PowerGoal) -> None:
        self.running = running
        self.goal = goal

    def before_command(self) -> None:
        with unit_of_work() as unit:
            claims.announce_command(
                unit, self.running.claim, command=f"chassis power {self.goal}", step=f"switch_{self.goal}"
            )
        self.running.in_doubt = True

    def on_progress(self, step: str, /, **facts: object) -> None:
        """Renew the lease before every exchange, and show where the job is."""
        if "state" in facts:
            self.running.seen = Power(str(facts["state"]))
        if step in _NO_EXCHANGE_AFTER:
            return
        with unit_of_work() as unit:
            if step == "reading":
                claims.begin_step(unit, self.running.claim, "read")
            elif step == "verifying":
                claims.begin_step(unit, self.running.claim, f"verify_{self.goal}")
            else:
                claims.renew(unit, self.running.claim)
