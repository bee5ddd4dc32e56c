"""Ask a running lab: the other end of `control.py`. Safe in any process, needs no pyghmi."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOCKET_NAME = "control.sock"
NEWCOMERS = "newcomers.json"
ANSWER_SECONDS = 60.0  # it answers in milliseconds; whoever runs it may have to wait for its turn
# sun_path holds 104 bytes on BSD and macOS, 108 on Linux, with the final zero.
LONGEST_SOCKET_PATH = 100


class LabUnreachable(Exception):
    """No lab answers in this state directory."""

    code = "lab_unreachable"


class LabRefusal(Exception):
    """The lab answered no; `code` says which no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def ask(directory: Path, op: str, **fields: object) -> Any:
    """Run `op` (see `control.py`) in the lab that serves `directory` and return its answer.

    Waits ANSWER_SECONDS, and `timeout` more where the operation takes one. Raises LabUnreachable, LabRefusal.
    """
    patience = ANSWER_SECONDS + float(str(fields.get("timeout", 0)))
    try:
        with socket_address(directory) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(patience)
            connection.connect(address)
            connection.sendall(json.dumps({"op": op, **fields}).encode() + b"\n")
            with connection.makefile("rb") as reader:
                answer = json.loads(reader.readline())
    except (OSError, ValueError) as error:
        raise LabUnreachable(
            f"No lab answers in {directory} ({error}). "
            f"Start it with: python -m lab.bmcs serve --state {directory}"
        ) from error
    if "refused" in answer:
        raise LabRefusal(answer["refused"], answer["message"])
    return answer["result"]


def read_fleet(directory: Path, *, timeout: float = 0.0) -> list[dict[str, Any]]:
    """The servers as in `fleet.json`, waiting up to `timeout` seconds for the lab to be ready."""
    deadline = time.monotonic() + timeout
    while True:
        with contextlib.suppress(FileNotFoundError):
            fleet: list[dict[str, Any]] = json.loads((directory / "fleet.json").read_text(encoding="utf-8"))
            return fleet
        if time.monotonic() >= deadline:
            raise LabUnreachable(f"The lab in {directory} is not ready after {timeout:g} s; look at its log.")
        time.sleep(0.02)


def read_newcomers(directory: Path) -> list[dict[str, Any]]:
    """Machines that came from the factory, as they came: what they can be is on their stickers. Written before `fleet.json`."""
    with contextlib.suppress(FileNotFoundError):
        newcomers: list[dict[str, Any]] = json.loads((directory / NEWCOMERS).read_text(encoding="utf-8"))
        return newcomers
    return []


def read_screens(directory: Path) -> dict[str, dict[str, Any]]:
    """Where the machines' screens are (RFB): host, port and password by name. Written before `fleet.json`."""
    listed = json.loads((directory / "screens.json").read_text(encoding="utf-8"))
    return {row["name"]: row for row in listed["screens"]}


@contextlib.contextmanager
def socket_address(directory: Path) -> Iterator[str]:
    """A path of the control socket that fits into a socket address, however deep `directory` is."""
    path = str(directory / SOCKET_NAME)
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH or not Path("/proc/self/fd").exists():
        yield path
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{SOCKET_NAME}"
    finally:
        os.close(handle)
