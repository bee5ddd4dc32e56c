"""`python -m benchmarks`: measures beside peers; `ONLY=name` in the environment runs one.

Writes build/bench.json and prints a table. Fails when anything could not be measured; what was
measured until then is written all the same.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
import traceback

import pytest

from benchmarks import portal, rows
from benchmarks.catalogue import NoSuchBenchmark, belongs, chosen
from benchmarks.places import RESULTS, SCRATCH


def main() -> int:
    """Runs what was asked for; returns the exit code."""
    only = os.environ.get("ONLY", "")
    try:
        modules = chosen(only)
    except NoSuchBenchmark as reason:
        print(reason, file=sys.stderr)
        return 2
    SCRATCH.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through every `finally`: nothing is left running
    found: list[rows.Row] = []
    failed: list[str] = []
    try:
        for module in modules:
            _run(module, only, found, failed)
    finally:
        portal.close()
        rows.write(found, RESULTS)
    print(rows.table(found), flush=True)
    if failed:
        print(f"Not measured: {', '.join(failed)} (reasons above).", file=sys.stderr)
    return 1 if failed else 0


def _run(module: str, only: str, found: list[rows.Row], failed: list[str]) -> None:
    begun = time.monotonic()
    try:
        measured = importlib.import_module(module).run()
        rows.check(measured)
    except (Exception, pytest.skip.Exception, pytest.fail.Exception):  # a tool that is missing, too
        traceback.print_exc()
        failed.append(module)
        return
    found += [row for row in measured if not only or belongs(row["name"], only)]
    print(f"· {module.removeprefix('benchmarks.')}: {time.monotonic() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
