"""Every event handler and every HTTP route of the portal, as JSON: `python -m tests.doors.listing MODULE`."""

from __future__ import annotations

import functools
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reflex_base.registry import RegistrationContext
from starlette.routing import Mount, Route, WebSocketRoute

from stack.reflex_inside import SKIP_COMPILE

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Listing:
    """What can be asked of the portal from outside."""

    handlers: frozenset[str]
    routes: frozenset[str]


@functools.cache
def list_doors(module: str = "opsportal.opsportal") -> Listing:
    """The doors of the app in this module, read in a process of its own, once."""
    command = [sys.executable, "-m", "tests.doors.listing", module]
    environment = os.environ | {"REFLEX_ENV_MODE": "prod", SKIP_COMPILE: "true"}
    answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    read = json.loads(answer.stdout.splitlines()[-1])
    return Listing(frozenset(read["handlers"]), frozenset(read["routes"]))


def _routes(app: Any, prefix: str = "") -> Iterator[str]:
    for route in getattr(app, "routes", None) or ():
        if isinstance(route, Mount):
            inner = list(_routes(route.app, prefix + route.path))
            yield from inner or [f"MOUNT {prefix + route.path}"]
        elif isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {prefix + route.path}"
        elif isinstance(route, WebSocketRoute):
            yield f"SOCKET {prefix + route.path}"
        else:
            yield f"OTHER {prefix}{getattr(route, 'path', route)}"
    if not hasattr(app, "routes"):
        for name in ("app", "_app"):
            if hasattr(app, name):
                yield from _routes(getattr(app, name), prefix)


def main() -> None:
    app = importlib.import_module(sys.argv[1]).app
    served = app()
    found = {
        "handlers": sorted(RegistrationContext.get().event_handlers),
        "routes": sorted(set(_routes(served))),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
