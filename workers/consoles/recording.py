"""Keeps what a machine prints while a job is at work on it, in pieces, in that job's log."""

from __future__ import annotations

import asyncio
import contextlib

import structlog
from sqlalchemy.exc import SQLAlchemyError

from opsportal.db import in_unit
from opsportal.domain.consoles import serial_logs
from opsportal.domain.consoles.plain_text import PlainText

EVERY_S = 0.5
MOST_WAITING = 1 << 18
"""Characters kept while the database is away; older ones are dropped, and the log says so."""
_DROPPED = "\n[…]\n"
_WHY = {
    "sol_disabled": "it is switched off in the management controller",
    "sol_taken": "somebody else holds it, outside of the portal",
    "bmc_unsupported": "the management controller is spoken to over Redfish, which carries none",
    "bmc_credentials_refused": "the management controller refuses our password",
    "bmc_user_unknown": "the management controller does not know our user",
    "bmc_outside_networks": "the management controller is outside of the networks that we may talk to",
    "bmc_misconfigured": "what is on record about the management controller cannot be used",
    "server_without_bmc": "there is no management controller on record",
}
_SILENT = "the management controller does not answer, and is asked again"
log = structlog.get_logger("consoles")


class Recorder:
    """The serial log of one job. `is_full` once the log takes no more."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        self.is_full = False
        self._text = PlainText()
        self._waiting = ""
        self._noted: set[str] = set()
        self._stop = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"record job {job_id}")

    def hear(self, data: bytes) -> None:
        """Bytes as the machine sent them."""
        if self.is_full:
            return
        self._waiting += self._text.feed(data)
        if len(self._waiting) > MOST_WAITING:
            self._waiting = _DROPPED + self._waiting[-MOST_WAITING // 2 :]

    def note_failure(self, code: str) -> None:
        """Say in the log why the port cannot be heard, once for each reason: silence would look like a machine's."""
        if (
            code != "bmc_session_lost" and code not in self._noted
        ):  # a session is lost whenever a BMC restarts
            self._noted.add(code)
            self.hear(f"\r\n[The serial port cannot be heard: {_WHY.get(code, _SILENT)}]\r\n".encode())

    async def close(self) -> None:
        """Write what is left and end."""
        self._stop.set()
        await self._task

    async def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._stop.wait()
            await self._write()

    async def _write(self) -> None:
        text, self._waiting = self._waiting, ""
        if not text or self.is_full:
            return
        try:
            self.is_full = not await in_unit(serial_logs.append_text, self.job_id, text)
        except SQLAlchemyError as away:
            log.warning("serial_log_waits", job=self.job_id, error=type(away).__name__)
            self._waiting = text + self._waiting
