"""`python -m stack demo`: everything on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys

from stack import demo
from stack.options import CannotStart


def main() -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("command", choices=["demo"])
    parser.add_argument("--ends-with-parent", action="store_true", help="stop when who started us has gone")
    options = parser.parse_args()
    try:
        demo.run(os.environ, ends_with_parent=options.ends_with_parent)
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
