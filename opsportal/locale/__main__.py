"""`python -m opsportal.locale extract|check`: bring the catalogues to the code, or say what they lack."""

from __future__ import annotations

import sys

from opsportal.locale import extraction
from opsportal.locale.catalogues import LOCALES


def main(arguments: list[str]) -> int:
    """Exit code 0 when done or complete, 1 when a catalogue lacks something, 2 when misused."""
    match arguments:
        case ["extract"]:
            for locale in LOCALES:
                extraction.update(locale)
            return 0
        case ["check"]:
            found = [problem for locale in LOCALES for problem in extraction.problems(locale)]
            print("\n".join(found) or "Every text is translated.")
            return 1 if found else 0
        case _:
            print("python -m opsportal.locale extract|check", file=sys.stderr)
            return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
