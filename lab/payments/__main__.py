"""`python -m lab.payments --port N --webhook URL`: localstripe behind the proxy that breaks things.

The secret that webhooks are signed with is read from STRIPE_WEBHOOK_SECRET. While it runs:

    curl -H 'Content-Type: application/json' -d '{"down": true}' http://127.0.0.1:N/_lab/faults
    curl http://127.0.0.1:N/_lab/state
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from lab.payments.deliveries import Deliveries
from lab.payments.faults import Faults
from lab.payments.proxy import Proxy
from lab.payments.stand_in import HOST, StandIn, StandInSilent


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; exit code 1 with one sentence when localstripe or the port cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m lab.payments", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--webhook", required=True, help="where the portal takes webhooks")
    parser.add_argument("--state", type=Path, help="directory to remember customers and payments in")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    if options.state:
        options.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    stand_in = StandIn(options.state, options.state / "localstripe.log" if options.state else None)
    try:
        stand_in.wait_until_ready()
        # Nothing works without it: whoever keeps us running starts both again.
        stand_in.when_gone(lambda: os.kill(os.getpid(), signal.SIGTERM))
        faults = Faults(seed=options.seed)
        secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "whsec_lab")
        deliveries = Deliveries(options.webhook, secret, faults)
        proxy = Proxy(stand_in.url, options.port, deliveries, faults)
        web.run_app(proxy.app(), host=HOST, port=options.port, print=None, access_log=None)
    except (StandInSilent, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        stand_in.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
