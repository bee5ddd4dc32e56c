"""Small JSON files that are either the old or the new content, never half of each."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any


class StateUnreadable(Exception):
    """A state file is there and is not what we wrote."""

    code = "lab_state_unreadable"


def write_json(path: Path, content: object, *, is_durable: bool = False) -> None:
    """Replace `path` atomically, readable by its owner only.

    `is_durable` also survives a crash of the operating system. It costs a disk flush, so it is for
    credentials; a killed process loses nothing either way.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=1)
            if is_durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def find_json(path: Path) -> Any | None:
    """The content of `path`, or None when there is no such file. Raises StateUnreadable on anything else."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        message = f"{path} cannot be read ({error}). Nothing was changed; restore or remove it."
        raise StateUnreadable(message) from error
