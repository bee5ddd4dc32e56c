"""Takes the systems that can be installed from a file.

    python -m opsportal.boot_systems systems.json

The file: `{"systems": [{"code": "debian-12", "name": "Debian 12", "family": "debian", "installer": "preseed",
"kernel": "debian-12/linux", "kernel_sha256": "…", …}]}`; see docs/operators/install.md for every field.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pydantic import ValidationError

from opsportal.db import unit_of_work
from opsportal.domain.provisioning.catalogue import Catalogue, keep


def main(words: list[str]) -> str:
    """What was done, as a sentence. Ends the process with one when the file is not usable; nothing is kept then."""
    parser = argparse.ArgumentParser(prog="python -m opsportal.boot_systems", description=__doc__)
    parser.add_argument("file", type=Path)
    given = parser.parse_args(words)
    try:
        catalogue = Catalogue.model_validate_json(given.file.read_text())
    except (OSError, ValidationError) as unusable:
        raise SystemExit(f"{given.file}: {unusable}") from None
    with unit_of_work() as unit:
        written, gone = keep(unit, catalogue)
    return f"{written} systems on offer, {gone} no longer.\n"


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
