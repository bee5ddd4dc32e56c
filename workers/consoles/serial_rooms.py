"""A server's serial console: one SOL session, taken over if stale, fanned out to all viewers and the log."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import structlog

from bmc import ERRORS, BmcError, BmcUnsupported
from bmc.consoles import SerialPortFailed, SerialPortProcess
from bmc.endpoints import Endpoint
from opsportal.db import Unit, in_unit
from opsportal.domain.hardware import refusals_of_bmcs
from opsportal.models import Bmc
from workers.consoles.recording import Recorder
from workers.consoles.rooms import Room
from workers.consoles.viewers import Viewer
from workers.hardware import bmcs

KEPT = 1 << 16
"""Bytes of the past that a new viewer is shown."""
LINGER_S = 5.0
"""How long the port is kept when the last viewer has gone: a reloaded page finds it as it was."""
_PAUSES_S = (0.5, 1, 2, 5, 10)
_ASK_A_PERSON = frozenset(
    {
        "sol_taken",
        "sol_disabled",
        "bmc_credentials_refused",
        "bmc_user_unknown",
        "bmc_outside_networks",
        "bmc_misconfigured",
        "server_without_bmc",
        "bmc_unsupported",
    }
)
"""Failures that another try by itself does not mend, or that would lock us out: somebody presses *again*."""
log = structlog.get_logger("consoles")


class SerialRoom(Room):
    """All who watch one serial port. The port is open while there are viewers or a recording."""

    def __init__(self, server_id: int) -> None:
        super().__init__(server_id)
        self.recorder: Recorder | None = None
        self._service_id: int | None = None
        self._past = bytearray()
        self._port: SerialPortProcess | None = None
        self._link, self._code = "connecting", ""
        self._again = asyncio.Event()
        self._closing = asyncio.Event()
        self._empty_since = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    def facts(self) -> dict[str, Any]:
        return {"link": self._link, "code": self._code, "recording": self.recorder is not None}

    @property
    def is_needed(self) -> bool:
        lingers = time.monotonic() - self._empty_since < LINGER_S
        return bool(self.viewers) or self.recorder is not None or lingers

    def open(self) -> None:
        """Begin to hold the port, if nobody does yet."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._hold(), name=f"serial {self.server_id}")

    async def enter(self, viewer: Viewer) -> None:
        service_id = viewer.attachment.service_id
        if service_id != self._service_id:
            self._past.clear()  # what was printed for whoever had the machine before is not this viewer's
            self._service_id = service_id
        self.open()
        self._again.set()
        await super().enter(viewer)
        if self._past:
            viewer.show(bytes(self._past))

    async def leave(self, viewer: Viewer) -> None:
        await super().leave(viewer)
        self._empty_since = time.monotonic()

    async def heard(self, viewer: Viewer, message: dict[str, Any]) -> None:
        await super().heard(viewer, message)
        if message.get("type") == "again":
            self._again.set()

    async def typed(self, viewer: Viewer, data: bytes) -> None:
        """Keystrokes. Of whoever does not type they go nowhere; a long paste waits for the machine."""
        viewer.used()
        if viewer.is_writer and self._port is not None:
            with contextlib.suppress(SerialPortFailed):  # the reader tells everybody
                await self._port.type(data)

    def forget_past(self) -> None:
        """The server has changed hands."""
        self._past.clear()

    async def record(self, job_id: int) -> None:
        """From now on keep what is heard in this job's log."""
        if self.recorder is not None and self.recorder.job_id == job_id:
            return
        await self.stop_recording()
        self.recorder = Recorder(job_id)
        self.open()
        self.tell_all()

    async def stop_recording(self) -> None:
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            self._empty_since = time.monotonic()
            await recorder.close()
            self.tell_all()

    async def close(self) -> None:
        """Give the port back and forget everything."""
        self._closing.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.stop_recording()

    # -- the port

    async def _hold(self) -> None:
        tries = 0
        while True:
            self._again.clear()
            started = time.monotonic()
            code = await self._serve()
            tries = 0 if time.monotonic() - started > 60 else tries + 1
            self._says("failed", code)
            if self.recorder is not None:
                self.recorder.note_failure(code)
            log.info("serial_port_lost", server=self.server_id, code=code)
            await self._pause(code, tries)

    async def _pause(self, code: str, tries: int) -> None:
        is_stuck = code in _ASK_A_PERSON
        wait = _PAUSES_S[min(tries, len(_PAUSES_S)) - 1] if not is_stuck or self.recorder else None
        # Asked to try again: but never faster than a BMC that counts wrong passwords can bear.
        await asyncio.sleep(min(_PAUSES_S[min(tries, len(_PAUSES_S)) - 1], 2))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._again.wait()

    async def _serve(self) -> str:
        """Hold the port until it fails. Returns why."""
        self._says("connecting", "")
        try:
            endpoint = await in_unit(_endpoint, self.server_id)
            self._port = await SerialPortProcess.start(endpoint)
            async for piece in self._port.listen():
                if piece:
                    self._show(piece)
                else:
                    self._says("live", "")
        except SerialPortFailed as failed:
            if failed.code in refusals_of_bmcs.REFUSALS:
                await in_unit(_note_refusal, self.server_id, failed.code)
            return failed.code
        except BmcError as failed:
            return failed.code
        except Exception:
            log.exception("serial_room_failed", server=self.server_id)
            return "bmc_session_lost"
        finally:
            port, self._port = self._port, None
            if port is not None:
                await asyncio.shield(port.close())
        return "bmc_session_lost"

    def _show(self, data: bytes) -> None:
        self._past += data
        if len(self._past) > KEPT:
            cut = self._past.find(b"\n", len(self._past) - KEPT) + 1
            del self._past[: cut or len(self._past) - KEPT]
        for viewer in list(self.viewers.values()):
            viewer.show(data)
        if self.recorder is not None:
            self.recorder.hear(data)

    def _says(self, link: str, code: str) -> None:
        self._link, self._code = link, code
        self.tell_all()


class NoBmc(BmcError):
    code = "server_without_bmc"
    advice = "This server has no management controller on record."


def _endpoint(unit: Unit, server_id: int) -> Endpoint:
    row = unit.get(Bmc, server_id)
    if row is None:
        raise NoBmc
    if row.driver == "redfish":
        raise BmcUnsupported
    # "Try again" as often as anybody likes is a log-on only as often as the account on the BMC can bear.
    if held_back := refusals_of_bmcs.list_held_back(unit, [server_id]):
        raise ERRORS[held_back[server_id]]
    return bmcs.endpoint(row)


def _note_refusal(unit: Unit, server_id: int, code: str) -> None:
    row = unit.get(Bmc, server_id)
    if row is not None:
        mark = refusals_of_bmcs.credentials_mark(row)
        refusals_of_bmcs.note_refusal(unit, server_id, code, mark=mark)
