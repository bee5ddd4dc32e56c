"""From what the wipe system has reported of each disk to evidence: which disk, by which method, proved how.

A disk on record that no wipe has met, and one that was met and is on no record, fail the cleaning: somebody has
changed the machine. Where no disk is on record at all there is nothing to compare with, and a person decides; so does
one of a disk that is smaller than on record, and of one that a wipe which broke off has not come to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import col, select

from opsportal.db import Unit
from opsportal.domain.inventory import cleanings, parts
from opsportal.models import (
    Cleaning,
    CleaningStepName,
    EvidenceResult,
    HardwareJob,
    InstallFault,
    JobKind,
    JobStatus,
    Part,
    PartKind,
    PartStatus,
    WipedDisk,
    WipeOutcome,
)

WIPED = "wipe_system"
"""The method of evidence about a disk that nothing has erased."""
MAX_NAMED = 5
NOT_ERASED = f"installer_{InstallFault.NOT_ERASED}"
"""How a wipe ends that has looked at each disk, and could not prove one to be erased."""
LEAST = 0.9
"""Of the size on record: makers count in thousands, people in 1,024s."""
_PREFIX = re.compile(r"^(?:0x|naa\.|eui\.)")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a wipe says about one step of a cleaning."""

    subject: str
    result: EvidenceResult
    method: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def bare(name: str | None) -> str:
    """A serial number or WWN without what only says of which kind it is; the database has the same function."""
    return _PREFIX.sub("", (name or "").strip().lower())


def findings(
    wiped: Sequence[WipedDisk], on_record: Sequence[Part], *, is_whole: bool = True
) -> list[Finding]:
    """What the newest wipe's disks prove. The good first: bad evidence ends a cleaning. Pure.

    `is_whole`: the wipe has come to its end, so that a disk it has not told of is not in the machine.
    """
    if not wiped:
        return []
    if not on_record:
        return [_compared_by_a_person(wiped, None)]
    unnamed = [part for part in on_record if not bare(part.serial) and not bare(part.wwn)]
    if unnamed:
        return [_compared_by_a_person(wiped, part) for part in unnamed]
    known = {name: part for part in on_record for name in (bare(part.serial), bare(part.wwn)) if name}
    good, bad, met = [], [], set()
    for disk in wiped:
        part = known.get(bare(disk.serial)) or known.get(bare(disk.wwn))
        if part is not None:
            met.add(part.id)
        subject = cleanings.disk_subject(part) if part else disk.serial or disk.wwn or disk.device
        if part is None and disk.outcome != WipeOutcome.MISSING:
            bad.append(_bad(subject, disk, "not on record"))
        elif part and disk.outcome == WipeOutcome.ERASED and disk.size_bytes < LEAST * (part.size_bytes or 0):
            reason = f"{part.size_bytes} bytes on record: a part of it may be hidden, or it is another disk"
            good.append(Finding(subject, EvidenceResult.OPEN, WIPED, _facts(disk) | {"reason": reason}))
        elif disk.outcome == WipeOutcome.ERASED:
            good.append(Finding(subject, EvidenceResult.GOOD, disk.method, _facts(disk)))
        else:
            missing = disk.outcome == WipeOutcome.MISSING
            bad.append(_bad(subject, disk, "on record, and not in the machine" if missing else ""))
    if not any(disk.outcome == WipeOutcome.MISSING for disk in wiped):  # else no disk was looked at
        result = EvidenceResult.BAD if is_whole else EvidenceResult.OPEN
        reason = "on record, and not in the machine" if is_whole else "the wipe broke off before: wipe again"
        (bad if is_whole else good).extend(
            Finding(cleanings.disk_subject(part), result, WIPED, {"reason": reason})
            for part in on_record
            if part.id not in met
        )
    return good + _as_one(bad)


def _compared_by_a_person(wiped: Sequence[WipedDisk], part: Part | None) -> Finding:
    named = [
        f"{disk.model} {disk.serial or disk.wwn}: {disk.outcome} {disk.method}".strip() for disk in wiped
    ]
    what = "this disk has no serial number on record" if part else "no disk of this machine is on record"
    facts = {"reason": f"{what}: a person compares"}
    facts |= {f"disk {number}": words for number, words in enumerate(named[:20], 1)}
    subject = cleanings.disk_subject(part) if part else ""
    return Finding(subject, EvidenceResult.OPEN, WIPED, facts)


def _facts(disk: WipedDisk) -> dict[str, Any]:
    told = {
        "model": disk.model, "serial": disk.serial, "WWN": disk.wwn, "bytes": disk.size_bytes,
        "seconds": disk.seconds, "verified": f"{disk.verified} places read" if disk.verified else "",
        "no better method": disk.trouble if disk.outcome == WipeOutcome.ERASED else "",
        "trouble": disk.trouble if disk.outcome == WipeOutcome.FAILED else "",
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in ("", 0)}


def _bad(subject: str, disk: WipedDisk, reason: str) -> Finding:
    facts = _facts(disk) | ({"reason": reason} if reason else {})
    return Finding(subject, EvidenceResult.BAD, disk.method or WIPED, facts)


def _as_one(bad: Sequence[Finding]) -> list[Finding]:
    """The first ends the cleaning; it names the others."""
    if not bad:
        return []
    others = [finding.subject for finding in bad[1 : MAX_NAMED + 1]]
    also = {"also": ", ".join(others)} if others else {}
    return [Finding(bad[0].subject, bad[0].result, bad[0].method, {**bad[0].facts, **also})]


def newest_wipe(unit: Unit, cleaning: Cleaning) -> int | None:
    """The newest wipe that has ended since this cleaning began and has told of disks."""
    query = (
        select(HardwareJob.id)
        .join(WipedDisk, col(WipedDisk.job_id) == col(HardwareJob.id))
        .where(
            col(HardwareJob.server_id) == cleaning.server_id,
            col(HardwareJob.kind) == JobKind.WIPE,
            col(HardwareJob.status).in_([JobStatus.SUCCEEDED, JobStatus.FAILED]),
            col(HardwareJob.started_at) >= cleaning.started_at,
        )
        .order_by(col(HardwareJob.id).desc())
    )
    return unit.exec(query.limit(1)).first()


def take_in(unit: Unit, server_id: int) -> bool:
    """Evidence for every disk of the newest wipe of an open cleaning. False: it was bad, the machine is faulty."""
    cleaning = cleanings.find_cleaning(unit, server_id)
    if cleaning is None or cleaning.finished_at is not None:
        return True
    wipe = newest_wipe(unit, cleaning)
    if wipe is None:
        return True
    installed = [
        part
        for part in parts.parts_of(unit, server_id)
        if part.kind == PartKind.DISK and part.status == PartStatus.INSTALLED
    ]
    wiped = unit.exec(select(WipedDisk).where(col(WipedDisk.job_id) == wipe).order_by(col(WipedDisk.device)))
    job = unit.get_one(HardwareJob, wipe)
    has_ended = job.status == JobStatus.SUCCEEDED or job.outcome_code == NOT_ERASED
    found = findings(wiped.all(), installed, is_whole=has_ended)
    for one in found:  # else the good could end the cleaning, with nothing said of a disk on no record
        cleanings.expect_disk(unit, cleaning.id or 0, one.subject)
    said = cleanings.said_by_job(unit, cleaning.id or 0, wipe)
    for one in found:
        if one.subject not in said:
            cleanings.witness(
                unit, wipe, CleaningStepName.DISK, result=one.result, method=one.method, subject=one.subject,
                facts=one.facts,
            )  # fmt: skip
    return not any(one.result is EvidenceResult.BAD for one in found)
