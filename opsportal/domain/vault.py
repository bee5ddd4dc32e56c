"""Secrets at rest: BMC passwords and second-factor seeds, sealed with the operator's key."""

from __future__ import annotations

import functools

from cryptography.fernet import Fernet, InvalidToken

from opsportal.settings import settings


class VaultError(Exception):
    """A sealed value cannot be opened: SECRET_KEY is missing or is not the one that sealed it."""


@functools.cache
def _box() -> Fernet:
    try:
        return Fernet(settings().secret_key.get_secret_value())
    except ValueError as bad:
        raise VaultError("SECRET_KEY must be 32 random bytes in base64url") from bad


def seal(plain: str) -> bytes:
    """Encrypt and authenticate (AES-128-CBC with HMAC-SHA256, the Fernet format)."""
    return _box().encrypt(plain.encode())


def unseal(sealed: bytes) -> str:
    """The text that was sealed. Raises `VaultError` when the key is another one."""
    try:
        return _box().decrypt(sealed).decode()
    except InvalidToken as bad:
        raise VaultError("this value was sealed with another SECRET_KEY") from bad
