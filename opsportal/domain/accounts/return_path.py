"""Where somebody signs in, and which page of ours they come back to afterwards."""

from __future__ import annotations

import re
import urllib.parse

SIGN_IN = "/sign-in"
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x1f\\]{0,1000}")


def is_sign_in(path: str) -> bool:
    return path.partition("?")[0].rstrip("/") == SIGN_IN


def sign_in_address(wanted: str) -> str:
    """The sign-in that leads back to `wanted`, if that is a path of ours: `//host` and `/\\host` lead elsewhere."""
    if is_sign_in(wanted) or not _OWN_PATH.fullmatch(wanted):
        return SIGN_IN
    return f"{SIGN_IN}?" + urllib.parse.urlencode({"next": wanted})
