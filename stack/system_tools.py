"""Programs of the system that tests use: installed where that is possible, else named.

    python -m stack.system_tools requirements-apt.txt

Each line of the file is a Debian package and a program it brings. As root on Debian or Ubuntu the
missing ones are installed; elsewhere the command to type is printed, and tests that need them skip,
unless CI=true: then this fails.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path


def missing_packages(listing: Path) -> list[str]:
    """The packages in the listing whose program is not there."""
    rows = [line.split() for line in listing.read_text().splitlines() if line.strip() and line[0] != "#"]
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    return [package for package, program in rows if shutil.which(program, path=path) is None]


def command_for(packages: list[str]) -> str:
    """What root types to install them."""
    return f"apt-get update && apt-get install --no-install-recommends {shlex.join(packages)}"


def install(packages: list[str]) -> bool:
    """Installs the packages by apt-get; returns whether it could."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages])
    for command in commands:
        result = subprocess.run(
            ["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False
        )
        if result.returncode != 0:
            return False
    return True


def main(listing: Path) -> int:
    """Makes the listed programs available or says how to; returns the exit code."""
    packages = missing_packages(listing)
    if not packages:
        return 0
    print(f"· installing what tests need from the system: {' '.join(packages)}", flush=True)
    if install(packages) and not missing_packages(listing):
        return 0
    is_ci = os.environ.get("CI") == "true"
    consequence = (
        "Without them nothing is tested here (CI=true)." if is_ci else "Tests that need them are skipped."
    )
    print(
        f"Not installed: {', '.join(packages)}. As root, type: {command_for(packages)}\n{consequence}",
        file=sys.stderr,
    )
    return 1 if is_ci else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
