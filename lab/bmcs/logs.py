"""One line per event on stderr: `2026-11-22T02:40:00.123Z info power-on machine=node-001 by=bmc`."""

import json
import sys
import time


def log(event: str, /, *, level: str = "info", **fields: object) -> None:
    """Write one line. Values with spaces are quoted as JSON; passwords and frames do not belong in here."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
    shown = (f"{key}={_value(value)}" for key, value in fields.items())
    print(stamp, level, event, *shown, file=sys.stderr, flush=True)


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return json.dumps(text) if not text or any(c in text for c in ' "=\n\r\t') else text
