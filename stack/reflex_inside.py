"""The names of Reflex's inside that we rely on: the one place to look when Reflex is upgraded.

Reflex documents `reflex run --env prod`, which compiles and builds at every start. What is below is
how that command tells its own server process to serve what is built already (read in the source of
0.10.1; `tests/stack/test_reflex_inside.py` fails when a later version renames it).
"""

from __future__ import annotations

SKIP_COMPILE = "__REFLEX_SKIP_COMPILE"
MOUNT_FRONTEND = "__REFLEX_MOUNT_FRONTEND_COMPILED_APP"
COMPILE_CONTEXT = "__REFLEX_COMPILE_CONTEXT"

SERVE_WHAT_IS_BUILT = {
    "REFLEX_ENV_MODE": "prod",
    SKIP_COMPILE: "true",
    MOUNT_FRONTEND: "true",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "REFLEX_TELEMETRY_ENABLED": "false",
}
"""Environment of a web process: serve pages and socket on one port, compile nothing."""

BUILD = {
    "REFLEX_ENV_MODE": "prod",
    COMPILE_CONTEXT: "export",
    "REFLEX_USE_NPM": "1",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "NO_COLOR": "1",
    "CI": "1",
}
"""Environment of a build: with npm (Reflex would otherwise download bun), asking nothing."""

WEB = ".web"
STATIC = "build/client"
"""Below `.web`: what the web process serves."""
