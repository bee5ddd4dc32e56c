"""The one token of an installation: it signs every address that its machine is given.

Made from SECRET_KEY, so that nothing kept in the database opens a door, and it can be written into the
boot script again when a machine asks twice before it has begun.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

from opsportal.domain.vault import VaultError
from opsportal.models import Installation
from opsportal.settings import settings

_PURPOSE = b"opsportal: token of one installation, version 1"
SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


def new_nonce() -> str:
    return secrets.token_hex(16)


def make_token(job_id: int, nonce: str) -> str:
    """43 letters that only the holder of SECRET_KEY can make. Raises VaultError without one."""
    key = settings().secret_key.get_secret_value()
    if not key:
        raise VaultError("SECRET_KEY must be 32 random bytes in base64url")
    purpose_key = hmac.digest(key.encode(), _PURPOSE, "sha256")
    mark = hmac.digest(purpose_key, f"{job_id}:{nonce}".encode(), "sha256")
    return base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


def token_of(installation: Installation) -> str:
    """The token for the script of the machine that is to be installed."""
    return make_token(installation.job_id, installation.nonce)


def hash_token(token: str) -> str:
    """Under which an installation is found by its token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(text: str) -> bool:
    """Whether a text has the shape of a token at all."""
    return SHAPE.fullmatch(text) is not None
