"""Letters to the desk about machines that want a person."""

from __future__ import annotations

from collections.abc import Sequence

from opsportal.db import Unit
from opsportal.domain.hardware.outcomes import in_words
from opsportal.domain.mail.desk import tell_desk
from opsportal.domain.mail.letters import Link, Text
from opsportal.models import HardwareJob, Server


def tell_of_silence(unit: Unit, job: HardwareJob, server: Server) -> None:
    """Nobody knows how a job has ended, and the machine was asked in vain as often as it is asked."""
    tell_desk(
        unit,
        kind="job_unanswered",
        subject=Text(msgid="Nobody knows how a job on {server} ended", params={"server": server.name}),
        body=[
            Text(msgid="Job #{job}, started by {name}.", params={"job": job.id or 0, "name": job.actor_name}),
            in_words(job.outcome_code or ""),
            Link(msgid="Open the server", path=f"/servers/{server.id}"),
        ],
        about=("server", server.id or 0),
        key=f"job_unanswered:{job.id}",
    )


def tell_of_missing_parts(unit: Unit, server: Server, inspection_id: int, names: Sequence[str]) -> None:
    """An inspection did not find what is on record."""
    tell_desk(
        unit,
        kind="parts_missing",
        subject=Text(msgid="{server}: parts are missing", params={"server": server.name}),
        body=[
            Text(
                msgid="The machine no longer tells of these parts, which are on record: {parts}.",
                params={"parts": ", ".join(names)},
            ),
            Text(msgid="Nothing was changed. Look at the machine, or correct its record."),
            Link(msgid="Open the machine", path=f"/stock/{server.id}"),
        ],
        about=("server", server.id or 0),
        key=f"parts_missing:{inspection_id}",
    )
