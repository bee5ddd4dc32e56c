"""The peer: a Reflex application of one State, built and served with the portal's own options."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.places import BUILD, HOST, ROOT, SCRATCH, free_port
from benchmarks.processes import BenchmarkError, running, wait_until_answering
from stack import reflex_inside
from stack.frontend import node_directory
from stack.programs import web

SOURCES = ROOT / "benchmarks" / "bare_app"
HOME = SCRATCH / "bare"
NAME = f"bare Reflex {version('reflex')}"


@dataclass(frozen=True)
class Bare:
    """A bare application that answers."""

    url: str
    pid: int


@contextlib.contextmanager
def served() -> Iterator[Bare]:
    """The bare application during the block, under the same server and options as the portal."""
    build()
    port = free_port()
    program = web(port)
    command = [*program.command[:-1], "bare.bare:app"]
    log = SCRATCH / "bare.log"
    settings = {**environment(), **program.environment}
    url = f"http://{HOST}:{port}"
    with running(command, environment=settings, directory=HOME, log=log) as child:
        wait_until_answering(url, child, log)
        yield Bare(url, child.pid)


def build() -> None:
    """Write the application to build/bench/bare and build its frontend, unless that is there."""
    stamp = HOME / "built"
    digest = _digest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    stamp.unlink(missing_ok=True)
    shutil.copytree(SOURCES, HOME, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    log = SCRATCH / "bare-build.log"
    settings = {**environment(), **reflex_inside.BUILD, "REFLEX_DIR": str(BUILD / "reflex")}
    settings["PATH"] = os.pathsep.join([str(node_directory()), settings["PATH"]])
    with log.open("wb") as output:
        command = [sys.executable, "-m", "stack.reflex_build"]
        done = subprocess.run(command, cwd=HOME, env=settings, stdout=output, stderr=output, check=False)
    if done.returncode:
        raise BenchmarkError(f"the bare application was not built: {log} says why.")
    stamp.write_text(digest)


def copy_for_reflex_run() -> Path:
    """A copy in which `reflex run` has nothing to install, and may build over what is there."""
    build()
    copy = SCRATCH / "bare-run"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(HOME, copy, symlinks=True)
    return copy


def environment() -> dict[str, str]:
    """What the bare application gets: nothing of the portal but the way to its `stack` package."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("REFLEX", "REDIS"))}
    return {**plain, "PYTHONPATH": str(ROOT), "NPM_CONFIG_REGISTRY": _registry()}


@functools.cache
def _registry() -> str:
    """Reflex measures which of two public registries answers faster unless it is told one."""
    command = [str(node_directory() / "npm"), "config", "get", "registry"]
    settings = {**os.environ, "PATH": os.pathsep.join([str(node_directory()), os.environ["PATH"]])}
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=True).stdout.strip()


def _digest() -> str:
    total = hashlib.sha256(NAME.encode())
    for file in sorted(SOURCES.rglob("*.py")):
        total.update(file.read_bytes())
    return total.hexdigest()
