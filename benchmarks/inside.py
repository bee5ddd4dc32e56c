"""What a benchmark does inside an installation, in a process with its settings.

python -m benchmarks.inside sessions EMAIL NUMBER
python -m benchmarks.inside change SERVER_ID
"""

from __future__ import annotations

import json
import sys
import time

from sqlmodel import col, select

from opsportal.db import unit_of_work
from opsportal.domain.accounts.sessions import open_session
from opsportal.domain.hardware import topics
from opsportal.models import LoginStage, Person, Server
from opsportal.models.base import utcnow


def open_sessions(email: str, number: int) -> list[str]:
    """So many signed-in sessions of one person; their cookies."""
    with unit_of_work() as unit:
        person = unit.exec(select(Person).where(col(Person.email) == email)).one()
        return [
            open_session(
                unit,
                person,
                stage=LoginStage.SIGNED_IN,
                used_second_factor=False,
                ip="127.0.0.1",
                user_agent="benchmark",
            ).cookie
            for _ in range(number)
        ]


def change_server(server_id: int) -> float:
    """Note that the server's power was verified just now; the monotonic time right before the commit."""
    with unit_of_work() as unit:
        unit.get_one(Server, server_id).power_verified_at = utcnow()
        unit.changed(topics.server(server_id))
        unit.flush()
        return time.monotonic()


def main() -> None:
    """Runs the command and prints its result."""
    if sys.argv[1] == "sessions":
        print(json.dumps(open_sessions(sys.argv[2], int(sys.argv[3]))))
    else:
        print(change_server(int(sys.argv[2])))


if __name__ == "__main__":
    main()
