"""The serial log of a job: what the machine said while it was installed, bounded and readable.

Written by the console gateway alone, one writer per job; read by whoever may see the job.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.access import Actor, access_job_for
from opsportal.domain.consoles import topics
from opsportal.domain.consoles.plain_text import PlainText
from opsportal.models import HardwareJob, JobKind, JobStatus, SerialChunk, SerialLog

MOST_CHARACTERS = 524_288
CHUNK_CHARACTERS = 16_384
MOST_READ = 262_144
"""Characters that one reading hands out; the rest is asked for with `after`."""

RECORDED = (
    JobKind.REINSTALL,
    JobKind.RESCUE,
    JobKind.MEMORY_TEST,
    JobKind.WIPE,
    JobKind.BOOT_DISK,
    JobKind.CLEAN,
    JobKind.BURN_IN,
    JobKind.LOAD_TEST,
    JobKind.INSPECT,
)
_AT_WORK = (JobStatus.RUNNING, JobStatus.VERIFYING, JobStatus.WAITING)


@dataclass(frozen=True)
class SerialText:
    """A part of a serial log. `position` is what to ask `after` for the next part."""

    text: str
    position: int
    is_cut: bool
    has_more: bool


def list_recorded(unit: Unit) -> dict[int, int]:
    """Server → job, of the jobs whose machine is at work now and whose serial output belongs in their log."""
    query = select(HardwareJob.server_id, HardwareJob.id).where(
        col(HardwareJob.kind).in_(RECORDED), col(HardwareJob.status).in_(_AT_WORK)
    )
    return {server_id: job_id for server_id, job_id in unit.exec(query) if job_id is not None}


def append(unit: Unit, job_id: int, data: bytes) -> bool:
    """Add raw bytes to a job's log, without control sequences. False when the log is full.

    Control sequences that are cut in two are only recognised when one `PlainText` sees both halves:
    whoever writes in pieces keeps one and calls `append_text`.
    """
    return append_text(unit, job_id, PlainText().feed(data))


def append_text(unit: Unit, job_id: int, text: str) -> bool:
    """Add readable text. What no longer fits is cut off, and the log says so."""
    log = unit.get(SerialLog, job_id, with_for_update=True)
    if log is None:
        log = SerialLog(job_id=job_id)
        unit.add(log)
        unit.flush()
    if log.is_cut:
        return False
    text = text.replace("\x00", "")
    fits = text[: MOST_CHARACTERS - log.size]
    for start in range(0, len(fits), CHUNK_CHARACTERS):
        body = fits[start : start + CHUNK_CHARACTERS]
        unit.add(SerialChunk(job_id=job_id, position=log.chunks + 1, body=body))
        log.chunks += 1
    log.size += len(fits)
    log.is_cut = len(fits) < len(text)
    unit.add(log)
    job = unit.get_one(HardwareJob, job_id)
    unit.changed(topics.serial(job_id), topics.server_serial(job.server_id))
    return not log.is_cut


def read(actor: Actor, unit: Unit, job_id: int, after: int = 0) -> SerialText:
    """The log from after that position on, at most `MOST_READ` characters at once."""
    access_job_for(actor, unit, job_id)
    log = unit.get(SerialLog, job_id)
    if log is None:
        return SerialText("", 0, is_cut=False, has_more=False)
    query = (
        select(SerialChunk)
        .where(col(SerialChunk.job_id) == job_id, col(SerialChunk.position) > after)
        .order_by(col(SerialChunk.position))
    )
    parts: list[str] = []
    size, position = 0, after
    for chunk in unit.exec(query).yield_per(200):
        # Chunks are often a line each: what counts is how much they are together.
        if size + len(chunk.body) > MOST_READ:
            break
        parts.append(chunk.body)
        size += len(chunk.body)
        position = chunk.position
    text = "".join(parts)
    return SerialText(text, position, is_cut=log.is_cut, has_more=position < log.chunks)
