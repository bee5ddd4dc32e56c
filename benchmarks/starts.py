"""How long the demo takes to be there: with nothing but a built frontend, and the second time.

The peer is what somebody would type who has only Reflex: `reflex run --env prod` of the bare
application, whose second start compiles and builds again. It starts no database and no workers.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from benchmarks import bare, portal
from benchmarks.places import BUILD, HOST, SCRATCH, free_port
from benchmarks.processes import running, wait_until_answering
from benchmarks.rows import Row, less_is_better
from stack.frontend import node_directory

PEER = f"reflex run --env prod, {bare.NAME}, its second start"


def run() -> list[Row]:
    """Seconds from the command to an address that answers and a health check that says so."""
    portal.close()  # its state is what is started with
    portal.seconds_to_start(fresh=False)  # builds the frontend if that is not done
    cold = portal.seconds_to_start(fresh=True)
    warm = portal.seconds_to_start(fresh=False)
    theirs = _reflex_run()
    return [
        less_is_better("demo_cold_start", cold, "s", peer=PEER, peer_value=theirs),
        less_is_better("demo_warm_start", warm, "s", peer=PEER, peer_value=theirs),
    ]


def _reflex_run() -> float:
    home = bare.copy_for_reflex_run()
    port = free_port()
    log = SCRATCH / "reflex-run.log"
    path = os.pathsep.join([str(node_directory()), os.environ["PATH"]])
    settings = {
        **bare.environment(),
        "PATH": path,
        "REFLEX_USE_NPM": "1",
        "REFLEX_DIR": str(BUILD / "reflex"),
    }
    settings |= {"REFLEX_CHECK_LATEST_VERSION": "false", "CI": "1", "NO_COLOR": "1", "BARE_AS_IT_COMES": "1"}
    command = [sys.executable, "-m", "reflex", "run", "--env", "prod", "--single-port"]
    command += ["--frontend-port", str(port)]
    begun = time.monotonic()
    with running(command, environment=settings, directory=home, log=log, stop_signal=signal.SIGINT) as child:
        wait_until_answering(f"http://{HOST}:{port}/", child, log)
        return time.monotonic() - begun
