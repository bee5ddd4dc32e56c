"""What staff are told by mail: an installation has failed and nobody may be looking."""

from __future__ import annotations

from opsportal.db import Unit
from opsportal.domain.hardware.outcomes import in_words
from opsportal.domain.mail import desk
from opsportal.domain.mail.letters import Link, Text
from opsportal.models import HardwareJob, Server


def tell_desk(unit: Unit, job: HardwareJob, server: Server, *, outcome_code: str) -> None:
    """One mail for a network boot that has failed, to DESK_MAIL if there is one."""
    desk.tell_desk(
        unit,
        kind="network_boot_failed",
        subject=Text(msgid="Network boot of {server} has failed", params={"server": server.name}),
        body=[
            Text(
                msgid="Started by {name}. The server starts from its disk now.",
                params={"name": job.actor_name},
            ),
            in_words(outcome_code),
            Link(msgid="Open the server", path=f"/servers/{server.id}"),
        ],
        about=("server", server.id or 0),
        key=f"network_boot_failed:{job.id}",
    )
