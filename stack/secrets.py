"""The secrets of one installation, generated once and kept in its state directory, mode 0600."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "secrets.json"


class SecretsUnreadable(Exception):
    """The file of secrets is damaged. What was encrypted with them cannot be read without it."""


@dataclass(frozen=True)
class Secrets:
    """What must stay the same as long as the data lives, and must not be in a command line or a log."""

    secret_key: str
    """32 random bytes, base64url: encrypts BMC credentials and second factors at rest."""
    valkey_password: str

    def __repr__(self) -> str:
        return "Secrets(…)"


def load_or_create(data: Path) -> Secrets:
    """The secrets kept in `data`; new ones, written before they are used, when there are none.

    Raises SecretsUnreadable when the file is there but damaged: new ones would lock the data away.
    """
    file = data / FILE
    try:
        return Secrets(**json.loads(file.read_text()))
    except FileNotFoundError:
        return _create(file)
    except (ValueError, TypeError) as error:
        raise SecretsUnreadable(
            f"{file} is damaged: put it back from a copy, or remove {data} to start with new, empty state."
        ) from error


def _create(file: Path) -> Secrets:
    fresh = Secrets(
        secret_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        valkey_password=secrets.token_urlsafe(32),
    )
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        json.dump(asdict(fresh), output)
        output.flush()
        os.fsync(output.fileno())
    unfinished.rename(file)
    return fresh
