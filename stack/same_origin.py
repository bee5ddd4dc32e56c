"""A frontend build that talks to the origin it was loaded from.

Reflex writes the backend's address into the built JavaScript, port and scheme included, so a build
would serve one address only. We build with an address that cannot exist and replace it in the output
by an expression of the browser's own `location`: one build then serves any port, name and scheme.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from reflex_base.plugins import Plugin

PLACEHOLDER = "http://origin.invalid"
"""`api_url` of the build (RFC 6761 6.4: .invalid never resolves)."""

_ADDRESS = re.compile(
    r"""(?P<quote>["'`])(?P<scheme>http|ws)://origin\.invalid(?P<path>[^"'`$\\]*)(?P=quote)"""
)
_BASE = {"http": "location.origin", "ws": '"ws"+location.origin.slice(4)'}


class OriginError(Exception):
    """The build does not look as expected: it would not find its backend."""


class SameOriginPlugin(Plugin):
    """Rewrites the backend's address in the built frontend."""

    def post_build(self, **context: Any) -> None:
        """Called by Reflex between the build and the compression of its files."""
        rewrite(Path(context["static_dir"]))


def rewrite(static: Path) -> int:
    """Replaces every address in the JavaScript below `static`; returns how many.

    Raises OriginError when there was none or one is left.
    """
    replaced = sum(_rewrite_file(file) for file in sorted(static.rglob("*.js")))
    if replaced == 0:
        raise OriginError(f"no address of the backend in {static}: has Reflex changed where it writes it?")
    return replaced


def _rewrite_file(file: Path) -> int:
    text, count = _ADDRESS.subn(_expression, file.read_text())
    if "origin.invalid" in text:
        raise OriginError(f"{file.name} has an address of the backend that is not a plain string")
    if count:
        file.write_text(text)
    return count


def _expression(match: re.Match[str]) -> str:
    return f'({_BASE[match["scheme"]]}+"{match["path"]}")'
