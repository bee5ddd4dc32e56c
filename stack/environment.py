"""The project's Python environment in .venv: made when it is not there, renewed when requirements change.

    python3 -m stack.environment [--dev]

Runs on the system's Python with nothing installed: only the standard library in here.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
RUNTIME = ("requirements-lab.txt", "requirements.txt")
DEVELOPMENT = ("requirements-dev.txt", "requirements-lab.txt", "requirements.txt")


class EnvironmentProblem(Exception):
    """The environment cannot be made; the message says what to do about it."""


def ensure(root: Path = ROOT, *, dev: bool = False) -> None:
    """Returns when .venv holds what the requirements name, at once when it already does.

    Several at a time wait for each other. Raises EnvironmentProblem.
    """
    if sys.version_info < OLDEST:
        raise EnvironmentProblem("This needs Python 3.11 or newer.")
    with (root / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _works(root / ".venv"):
            _create(root / ".venv")
        # The tests' requirements contain the portal's: what is made for tests also runs the demo.
        if not _is_installed(root, DEVELOPMENT) and (dev or not _is_installed(root, RUNTIME)):
            _install(root, DEVELOPMENT if dev else RUNTIME)


def digest(root: Path, files: tuple[str, ...]) -> str:
    """What the requirements in these files say, as one number that changes when any of them does."""
    return hashlib.sha256(b"\0".join((root / name).read_bytes() for name in files)).hexdigest()


def _stamp(root: Path, files: tuple[str, ...]) -> Path:
    return root / ".venv" / f"installed-{files[0]}"


def _is_installed(root: Path, files: tuple[str, ...]) -> bool:
    stamp = _stamp(root, files)
    return stamp.exists() and stamp.read_text() == digest(root, files)


def _works(environment: Path) -> bool:
    """Whether the environment's Python starts, has pip, and is still where it was made.

    It is not when the directory was moved or copied, or the system's Python was replaced.
    """
    python = environment / "bin" / "python"
    question = "import pip, sys; print(sys.prefix)"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    script = environment / "bin" / "pip"
    made_here = script.exists() and str(environment) in script.read_text().splitlines()[0]
    return made_here and answer.stdout.strip() == str(environment)


def _create(environment: Path) -> None:
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        raise EnvironmentProblem(
            f"{sys.executable} cannot make environments: on Debian or Ubuntu, install its missing part"
            f" with 'apt-get install {version}-venv' and start again."
        )
    _say("making the environment in .venv")
    shutil.rmtree(environment, ignore_errors=True)
    result = subprocess.run(
        [sys.executable, "-m", "venv", str(environment)], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        shutil.rmtree(environment, ignore_errors=True)
        raise EnvironmentProblem(
            f"The environment could not be made: {_last_line(result.stderr + result.stdout)}"
        )


def _install(root: Path, files: tuple[str, ...]) -> None:
    _say(f"installing the packages in {files[0]} (the first time takes a minute or two)")
    for outdated in (RUNTIME, DEVELOPMENT):
        _stamp(root, outdated).unlink(missing_ok=True)
    wanted = digest(root, files)
    pip = [
        str(root / ".venv/bin/python"),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--no-input",
        "install",
    ]
    result = subprocess.run(
        [*pip, "--quiet", "-r", files[0]], cwd=root, stderr=subprocess.PIPE, text=True, check=False
    )
    if result.returncode != 0:
        raise EnvironmentProblem(
            f"Packages could not be installed ({_last_line(result.stderr)}):"
            " check that this machine reaches its package index, then start again; nothing is lost."
        )
    _stamp(root, files).write_text(wanted)


def _last_line(text: str) -> str:
    lines = [
        line for line in text.splitlines() if line.strip() and not line.startswith(("[notice]", "WARNING"))
    ]
    return lines[-1].strip() if lines else "no reason given"


def _say(text: str) -> None:
    print(f"· {text}", flush=True)


if __name__ == "__main__":
    try:
        ensure(dev="--dev" in sys.argv[1:])
    except EnvironmentProblem as problem:
        sys.exit(str(problem))
